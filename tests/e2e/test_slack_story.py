"""A story on Slack, from its first command on: the real client against a protocol-level fake, in both modes."""

from __future__ import annotations

import re

import pytest

from tests.fakes.gated_backend import GatedBackend
from tests.fakes.slack_bot import Mode, running_bot
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slackland import body, button, is_ended, labels, slackland, small
from tests.fakes.worlds import stored


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    held: Mode = request.param
    return held


async def test_three_samples_in_a_thread_of_their_root(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await world.asked("--samples 3 --seed 7")
        await bot.finished()
        root, answers = world.root, world.answers
        assert body(root) == "Once upon a time"
        heading = "3 samples · temperature 0.8 · top_p 0.95 · top_k 40 · length 5 · for @Ada"
        assert small(root) == [heading]
        assert labels(root) == []
        assert [small(message)[0] for message in answers] == ["1/3", "2/3", "3/3"]
        assert all(body(message).startswith("Once upon a time") for message in answers)
        assert len({body(message) for message in answers}) == 3
        assert [re.findall(r"seed (\d+)", small(message)[-1]) for message in answers] == [["7"], ["8"], ["9"]]
        assert all(small(message)[-1].endswith("stopped at length") for message in answers)
        assert all(world.team.bot in message.reactions["repeat"] for message in answers)
        for message in answers:
            assert labels(message) == ["Again", "Pick this", "Vary", "More"]


async def test_text_streams_as_it_is_written(mode: Mode) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete", "--seed 7 -- Once")
        run = await backend.next_run()
        root = await world.slack.until(lambda: world.general.roots and world.root)
        await world.slack.until(lambda: small(root)[-1] == "Writing …")
        assert labels(root) == ["Stop"]
        run.say(" there was", " a *lamp*")
        message = await world.slack.until(lambda: world.newest())
        await world.slack.until(lambda: visible_text(message) == "Once there was a *lamp*")
        assert message.streaming
        run.say(" <!here>")
        await world.slack.until(lambda: visible_text(message) == "Once there was a *lamp* <!here>")
        run.finish()
        run.end()
        await bot.finished()
        assert is_ended(message)
        assert body(message) == "Once there was a *lamp* <!here>"
        assert labels(root) == []
        assert world.answers == [message]


async def test_without_streaming_it_is_edited(mode: Mode) -> None:
    backend = GatedBackend()
    async with (
        slackland() as world,
        running_bot(world.slack, world.team, backend, mode=mode, slack_changes={"stream": False}) as bot,
    ):
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        run.say(" there was")
        message = await world.slack.until(lambda: world.newest())
        assert body(message) == "Once there was▌"
        assert labels(message) == ["Stop"]
        run.complete(" a lamp")
        await bot.finished()
        assert body(message) == "Once there was a lamp"


async def test_who_waits_is_told(mode: Mode) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode, max_running=1) as bot:
        await world.ada.slash(world.general, "/complete", "First")
        run = await backend.next_run()
        await world.bob.slash(world.general, "/complete", "Second")
        root = await world.slack.until(lambda: len(world.general.roots) == 2 and world.root)
        assert re.fullmatch(r"Queued, about \d+ s\.", small(root)[-1])
        run.complete(" x")
        (await backend.next_run()).complete(" y")
        await bot.finished()
        assert body(world.answers[0]) == "Second y"


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_again_gives_another_beside_the_first(mode: Mode, act: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked("--seed 7", "the quick brown fox jumps over the lazy dog")
        if act == "button":
            await world.bob.click(first, button(first, "Again"))
        else:
            await world.bob.react(first, "repeat")
        await bot.finished()
        first, again = world.answers
        assert small(again)[0].startswith("Again · temperature 0.8")
        assert small(again)[0].endswith("for @Bob")
        assert body(again) != body(first)
        assert is_ended(again)


async def test_a_double_click_is_one_click_and_two_clicks_are_two(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        await world.ada.click(first, button(first, "Again"))
        await world.ada.click(first, button(first, "Again"))
        await bot.finished()
        assert len(world.answers) == 2
        world.slack.advance(5)
        await world.ada.click(first, button(first, "Again"))
        await world.bob.click(first, button(first, "Again"))
        await bot.finished()
        assert len(world.answers) == 4


async def test_what_is_told_twice_is_done_once(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        asked = await world.ada.slash(world.general, "/complete", "--length 5 -- Once")
        await world.slack.redeliver(asked)
        await bot.finished()
        (first,) = world.answers
        await world.bob.react(first, "repeat")
        await bot.finished()
        await world.slack.redeliver(world.slack.delivery("reaction_added"))
        clicked = await world.ada.click(first, button(first, "Continue"))
        await world.slack.redeliver(clicked)
        await world.ada.mention(world.general, "again", thread=first)
        await bot.finished()
        await world.slack.redeliver(world.slack.delivery("app_mention"))
        await bot.finished()
        assert len(world.answers) == 4
        assert len(await bot.requests(world.team, world.general)) == 4


async def test_a_reaction_put_again_is_another(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        await world.bob.react(first, "repeat")
        await bot.finished()
        await world.bob.unreact(first, "repeat")
        await world.bob.react(first, "repeat")
        await bot.finished()
        assert len(world.answers) == 3


async def test_same_seed_same_text(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        more = await world.ada.click(first, button(first, "More"))
        menu = await world.slack.until(lambda: more.message)
        assert menu.ephemeral
        assert labels(menu) == ["Same seed", "Edit prompt", "Story", "As file", "Undo", "Delete"]
        await world.ada.click(menu, button(menu, "Same seed"))
        await bot.finished()
        first, again = world.answers
        assert body(again) == body(first)


async def test_vary_by_a_form_that_knows_the_values(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked("--seed 7 --temperature 0.5")
        clicked = await world.ada.click(first, button(first, "Vary"))
        form = await world.slack.until(lambda: clicked.view)
        values = {block["block_id"]: block["element"].get("initial_value") for block in form.inputs}
        assert values == {"temperature": "0.5", "top_p": "0.95", "top_k": "40", "length": "5", "others": "seed=7"}
        await world.ada.submit(form, {"temperature": "1.5", "others": "seed=7 min_p=0.1"})
        await bot.finished()
        varied = world.answers[1]
        assert small(varied)[0].startswith("Varied · temperature 1.5")
        assert "temperature 1.5 · min_p 0.1" in small(varied)[-1]


async def test_continue_goes_on_from_the_end(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        await world.ada.click(first, button(first, "Continue"))
        await bot.finished()
        first, second = world.answers
        assert body(second).startswith(body(first) + " ")
        await world.bob.react(second, "arrow_forward")
        await bot.finished()
        assert body(world.answers[2]).startswith(body(second) + " ")


async def test_pick_goes_on_from_that_sample(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        answers = await world.asked("--samples 3")
        await world.ada.click(answers[2], button(answers[2], "Pick this"))
        await bot.finished()
        assert body(world.answers[3]).startswith(body(answers[2]) + " ")


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_stop_keeps_what_is_there(mode: Mode, act: str) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        run.say(" there was")
        message = await world.slack.until(lambda: world.newest())
        if act == "button":
            await world.ada.click(world.root, button(world.root, "Stop"))
        else:
            await world.ada.react(message, "black_square_for_stop")
        await bot.finished()
        assert run.cancelled
        assert body(message) == "Once there was"
        assert small(message)[-1].endswith("stopped by @Ada")


async def test_others_are_refused_in_private(mode: Mode) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        root = await world.slack.until(lambda: world.general.roots and world.root)
        shown = await world.bob.click(root, button(root, "Stop"))
        await world.slack.until(lambda: shown.text)
        assert shown.text == "Only @Ada or an admin can stop this."
        run.say(" x")
        message = await world.slack.until(lambda: world.newest())
        await world.bob.react(message, "black_square_for_stop")
        run.complete(" y")
        await bot.finished()
        await world.bob.react(message, "wastebasket")
        await bot.finished()
        assert not run.cancelled
        assert not message.deleted


async def test_edit_the_prompt(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        more = await world.ada.click(first, button(first, "More"))
        menu = await world.slack.until(lambda: more.message)
        clicked = await world.ada.click(menu, button(menu, "Edit prompt"))
        form = await world.slack.until(lambda: clicked.view)
        assert form.inputs[0]["element"]["initial_value"] == "Once upon a time"
        await world.ada.submit(form, {"prompt": "Twice"})
        await bot.finished()
        assert body(world.answers[1]).startswith("Twice Twice Twice")


async def test_a_result_as_a_file(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        more = await world.ada.click(first, button(first, "More"))
        menu = await world.slack.until(lambda: more.message)
        await world.ada.click(menu, button(menu, "As file"))
        await bot.finished()
        (file,) = world.answers[1].files
        assert file.text == body(first)


async def test_undo_takes_the_last_step_back(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked()
        await world.ada.click(first, button(first, "Continue"))
        await bot.finished()
        first, second = world.answers
        more = await world.ada.click(second, button(second, "More"))
        menu = await world.slack.until(lambda: more.message)
        shown = await world.ada.click(menu, button(menu, "Undo"))
        await bot.finished()
        assert second.deleted
        assert not first.deleted
        assert shown.text == "Taken out of the story; it goes on from the result before."


@pytest.mark.parametrize("act", ["button", "reaction"])
async def test_delete_takes_it_down_everywhere(mode: Mode, act: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        answers = await world.asked("--samples 2", "my secret")
        root = world.root
        if act == "button":
            more = await world.ada.click(answers[0], button(answers[0], "More"))
            menu = await world.slack.until(lambda: more.message)
            await world.ada.click(menu, button(menu, "Delete"))
        else:
            await world.ada.react(answers[1], "wastebasket")
        await bot.finished()
        assert all(message.deleted for message in answers)
        assert visible_text(root) == "deleted by @Ada"
        assert root.text == "deleted by @Ada"
        assert await bot.requests(world.team, world.general) == ()


async def test_buttons_and_reactions_work_after_a_restart(mode: Mode) -> None:
    async with stored() as store, slackland() as world:
        async with running_bot(world.slack, world.team, store=store, mode=mode):
            (first,) = await world.asked()
        async with running_bot(world.slack, world.team, store=store, mode=mode) as bot:
            await world.bob.click(first, button(first, "Again"))
            await world.ada.react(first, "repeat")
            await world.ada.mention(world.general, "continue", thread=first)
            await bot.finished()
            assert len(world.answers) == 4
            assert len(await bot.requests(world.team, world.general)) == 4


async def test_what_was_being_written_goes_on_after_a_restart(mode: Mode) -> None:
    first_life, second_life = GatedBackend(), GatedBackend()
    async with stored() as store, slackland() as world:
        async with running_bot(world.slack, world.team, first_life, store, mode=mode):
            await world.ada.slash(world.general, "/complete", "Once")
            (await first_life.next_run()).say(" there was")
            message = await world.slack.until(lambda: world.newest())
        async with running_bot(world.slack, world.team, second_life, store, mode=mode) as bot:
            (await second_life.next_run()).complete(" there was a lamp")
            await bot.finished()
        assert body(message) == "Once there was a lamp"
        assert is_ended(message)
        assert world.answers == [message]
        assert len(world.general.roots) == 1
