from __future__ import annotations

from dataclasses import replace

import pytest

from bots.commands.invocation import Requester
from config.errors import InklingError, InvalidOptions, NotAllowed, NotFound
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.worlds import ADMIN, ANN, BOB, Asked, World, open_world


async def again(world: World, done: Asked, who: Requester = ANN, **more: bool) -> Asked:
    reply = RecordingReply()
    return Asked(await world.core.story.regenerate(world.call(who), reply, done.id, **more), reply)


async def go_on(world: World, done: Asked, sample: int = 0, who: Requester = ANN, **options: float) -> Asked:
    reply = RecordingReply()
    overrides = SamplingOverrides(**options) if options else None
    accepted = await world.core.story.continue_from(world.call(who), reply, done.id, sample, overrides)
    return Asked(accepted, reply)


async def vary(world: World, done: Asked, model: str | None = None, **options: float) -> Asked:
    reply = RecordingReply()
    overrides = SamplingOverrides(**options)
    return Asked(await world.core.story.vary(world.call(), reply, done.id, overrides, model), reply)


class TestComplete:
    async def test_layers_and_ceilings(self) -> None:
        async with open_world(max_length=300) as world:
            rules, admin = world.core.rules, world.call(ADMIN)
            await rules.set(admin, "temperature", "0.5")
            await rules.set(admin, "max_length", "100")
            await rules.set_channel(admin, "general", "top_k", "7")
            await rules.save_preset(admin, "poem", SamplingOverrides(temperature=1.5, top_p=0.5))
            asked = await world.ask(preset="poem", top_p=0.6, length=200)
            options = asked.accepted.record.options
            assert (options.temperature, options.top_p, options.top_k, options.length) == (1.5, 0.6, 7, 100)
            assert asked.accepted.record.notes == ("length 200 → 100 (this server's ceiling)",)
            assert asked.accepted.record.baseline.temperature == 0.5
            assert (await world.ask(channel="other")).accepted.record.options.top_k == 40

    async def test_personal_presets_win(self) -> None:
        async with open_world() as world:
            await world.core.rules.save_preset(world.call(ADMIN), "poem", SamplingOverrides(top_k=1))
            await world.core.people.save_preset(world.call(), "poem", SamplingOverrides(top_k=2))
            assert (await world.ask(preset="poem")).accepted.record.options.top_k == 2
            assert (await world.ask(preset="poem", who=BOB)).accepted.record.options.top_k == 1

    async def test_an_unknown_preset_names_those_there_are(self) -> None:
        async with open_world() as world:
            await world.core.people.save_preset(world.call(), "poem", SamplingOverrides(top_k=2))
            with pytest.raises(NotFound, match=r'no preset "pome" here. There are poem\.'):
                await world.ask(preset="pome")

    async def test_backend_and_model_come_from_the_place(self) -> None:
        async with open_world() as world:
            rules, admin = world.core.rules, world.call(ADMIN)
            await rules.set(admin, "model", "m-server")
            await rules.set_channel(admin, "lab", "backend", "other")
            await rules.set_channel(admin, "lab", "model", "m-lab")
            here, there = await world.ask(), await world.ask(channel="lab")
            asked = await world.ask(channel="lab", model="m-mine")
            records = [each.accepted.record for each in (here, there, asked)]
            assert [(record.backend, record.model) for record in records] == [
                ("gated", "m-server"),
                ("other", "m-lab"),
                ("other", "m-mine"),
            ]

    @pytest.mark.parametrize("model", ["gpt\0", "\ud800", "x" * 501])
    async def test_a_name_no_model_can_have_is_refused(self, model: str) -> None:
        async with open_world() as world:
            with pytest.raises(InvalidOptions, match="can't be a model's name"):
                await world.ask(model=model)

    async def test_the_seed_is_drawn_and_kept(self) -> None:
        async with open_world() as world:
            seeds = {(await world.ask()).accepted.record.options.seed for _ in range(3)}
            assert None not in seeds
            assert len(seeds) == 3
            assert (await world.ask(seed=5)).accepted.record.options.seed == 5

    async def test_greedy_is_one_sample(self) -> None:
        async with open_world() as world:
            record = (await world.ask(temperature=0, samples=3)).accepted.record
            assert record.options.samples == 1
            assert "temperature 0 gives the same text" in record.notes[0]


class TestRegenerate:
    async def test_is_an_alternative_with_a_new_seed(self) -> None:
        async with open_world() as world:
            done = await world.completed(seed=5, temperature=0.3, prompt="The sea")
            first = done.accepted.record
            record = (await again(world, done)).accepted.record
            assert (record.kind, record.prompt, record.group_id) == ("regenerate", "The sea", first.id)
            assert record.options.seed != 5
            assert record.options.model_copy(update={"seed": 5}) == first.options

    async def test_with_the_same_seed_is_the_same_request(self) -> None:
        async with open_world() as world:
            done = await world.completed(seed=5)
            record = (await again(world, done, same_seed=True)).accepted.record
            assert record.options == done.accepted.record.options

    @pytest.mark.parametrize(("rule", "who"), [("requester", BOB), ("admins", ANN), ("admins", BOB)])
    async def test_obeys_the_rule_and_so_does_all_that_builds_on_a_result(self, rule: str, who: Requester) -> None:
        async with open_world() as world:
            done = await world.completed()
            await world.core.rules.set(world.call(ADMIN), "regenerate_by", rule)
            story, reply = world.core.story, RecordingReply()
            with pytest.raises(NotAllowed):
                await again(world, done, who)
            with pytest.raises(NotAllowed):
                await go_on(world, done, who=who)
            with pytest.raises(NotAllowed):
                await story.vary(world.call(who), reply, done.id, SamplingOverrides(top_k=1))
            with pytest.raises(NotAllowed):
                await story.edit(world.call(who), reply, done.id, "x")
            await again(world, done, ADMIN)

    async def test_the_same_press_twice_is_one(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            call = world.call(event="press")
            first = await world.core.story.regenerate(call, RecordingReply(), done.id)
            second = await world.core.story.regenerate(call, RecordingReply(), done.id)
            assert (first.created, second.created) == (True, False)
            assert first.record.id == second.record.id

    async def test_meets_todays_ceilings(self) -> None:
        async with open_world() as world:
            done = await world.completed(length=300)
            await world.core.rules.set(world.call(ADMIN), "max_length", "50")
            record = (await again(world, done)).accepted.record
            assert record.options.length == 50
            assert record.notes == ("length 300 → 50 (this server's ceiling)",)

    async def test_of_a_backend_that_is_gone_asks_the_place_s_own(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            await _say_backend(world, done, "aws")
            record = (await again(world, done)).accepted.record
            assert (record.backend, record.model) == ("gated", None)
            assert record.notes == ("The backend aws is gone; gated wrote this.",)


async def _say_backend(world: World, asked: Asked, backend: str) -> None:
    """As if it had been written before the operator took a backend away."""
    record = await world.record(asked.id)
    await world.store.delete(asked.id)
    await world.store.accept(replace(record, backend=backend))


class TestVary:
    async def test_keeps_the_seed_and_what_was_not_changed(self) -> None:
        async with open_world() as world:
            done = await world.completed(seed=5, top_k=9)
            record = (await vary(world, done, temperature=1.5)).accepted.record
            expected = done.accepted.record.options.model_copy(update={"temperature": 1.5})
            assert (record.kind, record.options) == ("vary", expected)
            assert record.group_id == done.id

    async def test_may_change_seed_and_model(self) -> None:
        async with open_world() as world:
            done = await world.completed(seed=5)
            record = (await vary(world, done, "gpt2", seed=6)).accepted.record
            assert (record.options.seed, record.model) == (6, "gpt2")

    async def test_to_greedy_is_one_sample(self) -> None:
        async with open_world() as world:
            done = await world.completed(samples=3)
            record = (await vary(world, done, temperature=0)).accepted.record
            assert record.options.samples == 1
            assert record.notes


class TestEdit:
    async def test_is_an_alternative_with_another_prompt(self) -> None:
        async with open_world() as world:
            done = await world.completed(seed=5, top_k=9)
            accepted = await world.core.story.edit(world.call(), RecordingReply(), done.id, "The land")
            record = accepted.record
            assert (record.kind, record.prompt, record.group_id) == ("edit", "The land", done.id)
            assert record.options.top_k == 9
            assert record.options.seed != 5

    @pytest.mark.parametrize("prompt", ["", "  ", "a\0b"])
    async def test_refuses_unusable_prompts(self, prompt: str) -> None:
        async with open_world() as world:
            done = await world.completed()
            with pytest.raises(InvalidOptions):
                await world.core.story.edit(world.call(), RecordingReply(), done.id, prompt)


class TestContinue:
    async def test_goes_on_from_the_picked_sample(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run("The sea", samples=2, seed=5, top_k=9)
            run.say(" is wide", sample=0)
            run.say(" is deep", sample=1)
            run.finish(0)
            run.finish(1)
            run.end()
            await world.core.jobs.wait(asked.id)
            record = (await go_on(world, asked, 1)).accepted.record
            assert (record.kind, record.prompt) == ("continue", "The sea is deep")
            assert record.parent is not None
            assert (record.parent.request_id, record.parent.sample) == (asked.id, 1)
            assert record.group_id == record.id
            assert record.options.top_k == 9
            assert record.options.seed != 5

    async def test_takes_other_options(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            record = (await go_on(world, done, length=5, samples=2)).accepted.record
            assert (record.options.length, record.options.samples) == (5, 2)

    async def test_refuses_what_is_not_there(self) -> None:
        async with open_world() as world:
            done = await world.completed(" text")
            for sample in (-1, 1, 99):
                with pytest.raises(InvalidOptions, match="sample must be between 1 and 1; you gave"):
                    await go_on(world, done, sample)
            empty = await world.completed("")
            with pytest.raises(InvalidOptions, match="empty"):
                await go_on(world, empty)

    async def test_refuses_what_is_still_written(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.say(" half")
            await asked.reply.until_text("half")
            with pytest.raises(InvalidOptions, match="still being written"):
                await go_on(world, asked)
            await world.core.jobs.stop(asked.id, "ann")
            assert (await go_on(world, asked)).accepted.record.prompt.endswith(" half")


class TestPrivate:
    async def test_nobody_else_can_do_anything_with_it_not_even_admins(self) -> None:
        async with open_world() as world:
            done = await world.completed(private=True)
            for who in (BOB, ADMIN):
                for error in await self._try_everything(world, done, who):
                    assert isinstance(error, NotFound)
                    assert error.sentence.startswith("I no longer have that result")
            assert (await world.record(done.id)).withdrawn is False

    async def test_neither_can_people_elsewhere(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            elsewhere = WorkspaceRef("slack", "guild-1")
            errors = await self._try_everything(world, done, ANN, workspace=elsewhere)
            assert all(isinstance(error, NotFound) for error in errors)

    async def _try_everything(
        self, world: World, done: Asked, who: Requester, **place: object
    ) -> list[InklingError | None]:
        story, results, reply = world.core.story, world.core.results, RecordingReply()
        call = world.call(who, **place)
        tried = (
            lambda: story.find(call, done.id),
            lambda: story.regenerate(call, reply, done.id),
            lambda: story.vary(call, reply, done.id, SamplingOverrides()),
            lambda: story.edit(call, reply, done.id, "x"),
            lambda: story.continue_from(call, reply, done.id),
            lambda: results.show(call, done.id),
            lambda: results.stop(call, done.id),
            lambda: results.undo(call, done.id),
            lambda: results.delete(call, done.id),
            lambda: results.alternatives(call, done.id),
        )
        errors: list[InklingError | None] = []
        for attempt in tried:
            try:
                await attempt()
                errors.append(None)
            except InklingError as error:
                errors.append(error)
        return errors

    async def test_what_comes_of_it_is_private_too(self) -> None:
        async with open_world() as world:
            done = await world.completed(private=True)
            assert (await again(world, done)).accepted.record.private
            assert (await vary(world, done, top_k=1)).accepted.record.private
            assert (await go_on(world, done)).accepted.record.private

    async def test_a_private_alternative_of_a_public_result_is_not_shown_to_others(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            call = world.call(private=True)
            mine = await world.core.story.regenerate(call, RecordingReply(), done.id)
            results = world.core.results
            assert [view.request_id for view in await results.alternatives(world.call(BOB), done.id)] == [done.id]
            assert len(await results.alternatives(world.call(), done.id)) == 2
            assert [view.request_id for view in await results.history(world.call(BOB))] == [done.id]
            assert [view.request_id for view in await results.history(world.call())] == [done.id, mine.record.id]


async def test_unknown_ids_are_not_found() -> None:
    async with open_world() as world:
        for request_id in ("", "nope", "0" * 26, "'; drop table requests; --"):
            with pytest.raises(NotFound):
                await world.core.story.find(world.call(), request_id)
