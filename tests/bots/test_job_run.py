from __future__ import annotations

import asyncio

import pytest

from backends.protocol import BackendHealth, Progress, TextDelta
from bots.commands.invocation import Requester
from bots.job_run import FAILED_INSIDE
from config.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    EngineFailed,
    InvalidOptions,
    NotFound,
    Overloaded,
    PromptTooLong,
)
from tests.fakes.gated_backend import MODEL
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.worlds import ADMIN, World, open_world

TOO_LONG = PromptTooLong("gated-1", 1312, 60, 1024)


async def filter_words(world: World, *words: str) -> None:
    await world.core.rules.set(world.call(ADMIN), "word_filter", ", ".join(words))


async def test_streams_saves_and_shows() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run(seed=7, length=3)
        run.put(Progress("starting", eta_s=30))
        await asked.reply.until(lambda reply: reply.last.notice == "Waking the model, about 30 s.")
        run.say(" there was")
        await asked.reply.until_text(" there was")
        assert asked.reply.last.status == "writing"
        assert asked.reply.last.actions == ("stop",)
        run.complete(" a lamp")
        await world.core.jobs.wait(asked.id)
        final = asked.reply.final
        assert (final.status, final.samples[0].text) == ("done", " there was a lamp")
        assert "stopped at length" in final.samples[0].footer
        record, sample = await world.record(asked.id), await world.sample(asked.id)
        assert (record.status, record.model, record.error) == ("done", MODEL, None)
        assert (sample.text, sample.end, sample.completion_tokens, sample.seed) == (" there was a lamp", "length", 3, 7)


async def test_the_seconds_begin_with_the_writing() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.put(Progress("starting", eta_s=30))
        await asked.reply.until(lambda reply: (reply.last.notice or "").startswith("Waking"))
        world.clock.pass_(seconds=40)
        run.put(Progress("running"))
        await asked.reply.until(lambda reply: reply.last.notice == "Writing …")
        world.clock.pass_(seconds=2)
        run.complete(" a lamp")
        await world.core.jobs.wait(asked.id)
        assert "3 tokens, 2.0 s (2/s)" in asked.reply.final.samples[0].footer


async def test_samples_are_kept_apart() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run(seed=7, samples=3)
        run.say(" b", sample=1)
        run.say(" a", sample=0)
        run.finish(1, "stop", "\n", tokens=1)
        run.say(" c", " c", sample=2)
        run.finish(0)
        run.finish(2, "stop")
        run.end()
        await world.core.jobs.wait(asked.id)
        assert [sample.text for sample in asked.reply.final.samples] == [" a", " b", " c c"]
        assert [sample.seed for sample in asked.reply.final.samples] == [7, 8, 9]
        samples = await world.store.samples(asked.id)
        assert [(sample.end, sample.stop_reason) for sample in samples] == [
            ("length", None),
            ("stop", "\n"),
            ("stop", None),
        ]


@pytest.mark.parametrize(
    ("error", "sentence", "end"),
    [
        (EngineFailed("The engine died.", 5.0), "The engine died.", "failed"),
        (BackendUnavailable("Nothing answers at gated."), "Nothing answers at gated.", "failed"),
        (Overloaded("gated is full.", 9.0), "gated is full.", "failed"),
        (NotFound('gated has no model "x".'), 'gated has no model "x".', "failed"),
        (InvalidOptions("top_k is too large here.", "top_k"), "top_k is too large here.", "failed"),
        (DeadlineExceeded("late"), "cut off after 120 s, partial text kept", "deadline"),
        (RuntimeError("secret internals"), FAILED_INSIDE, "failed"),
        (ValueError(), FAILED_INSIDE, "failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_partial_text_outlives_every_failure(error: Exception, sentence: str, end: str) -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run(samples=2)
        run.say(" so far")
        run.say(" whole", sample=1)
        run.finish(1)
        run.put(error)
        await world.core.jobs.wait(asked.id)
        final = asked.reply.final
        assert (final.status, final.error) == ("failed", sentence)
        assert [sample.text for sample in final.samples] == [" so far", " whole"]
        assert "again" in final.actions
        assert "continue" in final.actions
        assert [sample.end for sample in await world.store.samples(asked.id)] == [end, "length"]
        assert (await world.record(asked.id)).error == sentence


async def test_a_full_backend_is_asked_again() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run("Very long")
        run.put(TOO_LONG)
        (await world.backend.next_run()).put(Overloaded("gated is full.", 0.0))
        (await world.backend.next_run()).put(Overloaded("gated is full.", 0.01))
        await asked.reply.until(lambda reply: (reply.last.notice or "").startswith("Queued"))
        (await world.backend.next_run()).put(TOO_LONG)
        (await world.backend.next_run()).complete(" a lamp")
        await world.core.jobs.wait(asked.id)
        assert (asked.reply.final.status, asked.reply.final.samples[0].text) == ("done", " a lamp")
        assert len(asked.reply.final.notes) == 1


async def test_a_backend_that_stays_full_for_too_long_fails_the_request() -> None:
    async with open_world(deadline_s=5) as world:
        asked, run = await world.ask_and_run()
        run.put(Overloaded("gated is full.", 6.0))
        await world.core.jobs.wait(asked.id)
        assert (asked.reply.final.status, asked.reply.final.error) == ("failed", "gated is full.")


async def test_a_failure_before_any_text() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.put(BackendUnavailable("Nothing answers at gated."))
        await world.core.jobs.wait(asked.id)
        assert asked.reply.final.error == "Nothing answers at gated."
        assert "continue" not in asked.reply.final.actions


async def test_a_stream_that_ends_early_is_a_failure() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.say(" half")
        run.end()
        await world.core.jobs.wait(asked.id)
        assert asked.reply.final.error == "gated ended before the text was complete. Press 🔁 to try again."
        assert (await world.sample(asked.id)).text == " half"


async def test_events_of_samples_nobody_asked_for_end_the_request_as_failed() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.put(TextDelta(5, "x"))
        await world.core.jobs.wait(asked.id)
        assert asked.reply.final.error == FAILED_INSIDE


async def test_a_backend_that_cannot_say_its_model_changes_nothing() -> None:
    async with open_world() as world:
        world.backend.health_error = RuntimeError("no")
        asked = await world.completed()
        assert asked.reply.final.status == "done"
        world.backend.health_error = None
        world.backend.state = BackendHealth("ready", "fine")
        assert (await world.completed()).reply.final.status == "done"


class TestPromptTooLong:
    async def test_is_cut_and_said(self) -> None:
        async with open_world() as world:
            asked, first = await world.ask_and_run()
            first.put(TOO_LONG)
            second = await world.backend.next_run()
            assert (first.request.keep_last_tokens, second.request.keep_last_tokens) == (None, 964)
            assert second.request.options == first.request.options
            second.complete(" end")
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.notes == (f"{TOO_LONG.sentence} I kept the last 964.",)
            assert (await world.record(asked.id)).notes == asked.reply.final.notes

    async def test_is_refused_when_it_may_not_be_cut(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run(cut=False)
            run.put(TOO_LONG)
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.error == TOO_LONG.sentence
            assert len(world.backend.runs) == 1

    async def test_is_refused_when_the_length_alone_fills_the_model(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.put(PromptTooLong("gated-1", 10, 1024, 1024))
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.status == "failed"
            assert len(world.backend.runs) == 1

    async def test_twice_ends(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.put(TOO_LONG)
            (await world.backend.next_run()).put(TOO_LONG)
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.status == "failed"
            assert len(world.backend.runs) == 2

    async def test_stopped_while_it_is_tried_again(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.put(TOO_LONG)
            second = await world.backend.next_run()
            await world.core.jobs.stop(asked.id, "ann")
            await second.closed.wait()
            assert asked.reply.final.status == "stopped"
            assert asked.reply.final.notes


class TestWordFilter:
    async def test_masks_words_in_the_text_and_in_the_store(self) -> None:
        async with open_world() as world:
            await filter_words(world, "dog")
            asked = await world.completed(" a dog and Dogs and DOG!")
            expected = " a ▇▇▇ and Dogs and ▇▇▇!"
            assert asked.reply.final.samples[0].text == expected
            assert (await world.sample(asked.id)).text == expected

    async def test_a_word_that_comes_in_pieces_is_never_stored_whole(self) -> None:
        async with open_world() as world:
            await filter_words(world, "badword")
            asked, run = await world.ask_and_run()
            for piece in (" a b", "ad", "wo", "rd", " here"):
                run.say(piece)
            run.finish()
            run.end()
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.samples[0].text == " a ▇▇▇▇▇▇▇ here"
            assert not any("badword" in each.text for view in asked.reply.views for each in view.samples)

    async def test_a_word_that_begins_in_the_prompt(self) -> None:
        async with open_world() as world:
            await filter_words(world, "badword")
            asked = await world.completed("word here", prompt="It was a bad")
            assert asked.reply.final.samples[0].text == "▇▇▇▇ here"

    async def test_the_end_of_a_longer_word_is_no_word(self) -> None:
        async with open_world() as world:
            await filter_words(world, "ass")
            asked = await world.completed("ass is easy", prompt="This cl")
            assert asked.reply.final.samples[0].text == "ass is easy"

    async def test_prompts_are_refused(self) -> None:
        async with open_world() as world:
            await filter_words(world, "dog")
            with pytest.raises(InvalidOptions, match="a word that this server doesn't allow"):
                await world.ask("The Dog barked")
            assert await world.store.open_requests() == ()


class TestStop:
    async def test_keeps_the_text_and_says_who(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run(samples=2)
            run.say(" so far")
            await asked.reply.until_text(" so far")
            assert await world.core.jobs.stop(asked.id, "bob")
            assert run.cancelled
            final = asked.reply.final
            assert (final.status, final.error) == ("stopped", None)
            assert final.samples[0].text == " so far"
            assert final.samples[0].footer.endswith("stopped by @bob")
            assert [each.end for each in await world.store.samples(asked.id)] == ["stopped", "stopped"]

    async def test_while_it_waits_in_the_queue(self) -> None:
        async with open_world(max_running=1) as world:
            _, run = await world.ask_and_run()
            waiting = await world.ask()
            assert await world.core.jobs.stop(waiting.id, "ann")
            assert waiting.reply.final.status == "stopped"
            assert waiting.reply.final.samples[0].footer.endswith("stopped by @ann")
            run.complete("x")
            assert len(world.backend.runs) == 1

    async def test_before_the_run_has_begun(self) -> None:
        async with open_world() as world:
            asked = await world.ask()
            await world.core.jobs.stop(asked.id, "ann")
            assert asked.reply.final.status == "stopped"
            assert (await world.record(asked.id)).status == "stopped"

    async def test_by_two_people_at_once_names_the_first(self) -> None:
        async with open_world(max_running=1) as world:
            running, run = await world.ask_and_run()
            waiting = await world.ask()
            run.say(" x")
            await running.reply.until_text(" x")
            for asked in (running, waiting):
                both = await asyncio.gather(
                    world.core.jobs.stop(asked.id, "ann"), world.core.jobs.stop(asked.id, "bob")
                )
                assert both == [True, True]
                assert asked.reply.final.samples[0].footer.endswith("stopped by @ann")

    async def test_of_what_has_ended_is_harmless(self) -> None:
        async with open_world() as world:
            asked = await world.completed()
            assert not await world.core.jobs.stop(asked.id, "ann")
            assert (await world.record(asked.id)).status == "done"

    async def test_returns_though_who_stopped_is_gone(self) -> None:
        async with open_world(max_running=1) as world:
            _, run = await world.ask_and_run()
            reply = RecordingReply()
            waiting = await world.ask(reply=reply)
            gate = reply.hold("finish")
            stopping = asyncio.create_task(world.core.jobs.stop(waiting.id, "ann"))
            await reply.until_begun("finish")
            stopping.cancel()
            gate.set()
            await world.core.jobs.wait(waiting.id)
            assert reply.final.status == "stopped"
            run.complete("x")


async def test_private_names_are_not_lost() -> None:
    """The stop names the person, whatever they are called."""
    async with open_world() as world:
        odd = Requester("u-odd", "{name} `x` @everyone")
        asked, _ = await world.ask_and_run(who=odd)
        await world.core.results.stop(world.call(odd), asked.id)
        assert asked.reply.final.samples[0].footer.endswith("stopped by @{name} `x` @everyone")


async def test_checkpoints_once_a_second() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.say(" first")
        await asked.reply.until_text(" first")
        assert (await world.sample(asked.id)).text == " first"
        run.say(" second")
        await asked.reply.until_text(" second")
        assert (await world.sample(asked.id)).text == " first"
        run.complete("!")
        await world.core.jobs.wait(asked.id)
