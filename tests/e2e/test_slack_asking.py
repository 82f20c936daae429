"""The ways to ask on Slack: flags, a form, mentions, a shortcut, direct messages; and the settings, for admins only."""

from __future__ import annotations

import json

import pytest

from bots.slack_bot.workspaces import workspace_of
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.slack_bot import Bot, Mode, running_bot
from tests.fakes.slack_world import Message, Shown, User
from tests.fakes.slack_world.reading import visible_text
from tests.fakes.slackland import Slackland, body, button, is_ended, slackland, small


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    held: Mode = request.param
    return held


async def told(world: Slackland, shown: Shown) -> str:
    return await world.slack.until(lambda: shown.text)


async def test_flags_are_read_as_people_type_them(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await world.ada.slash(
            world.general, "/complete", "—temperature 0.7 --top-p=.9 -n 2 --seed 7 --stop “ab” length=5 — x < y & z"
        )
        await bot.finished()
        (record,) = await bot.requests(world.team, world.general)
        assert record.prompt == "x < y & z"
        options = record.options
        assert (options.temperature, options.top_p, options.samples, options.seed) == (0.7, 0.9, 2, 7)
        assert options.stop == ("ab",)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("temperature=3 Once", "temperature must be between 0 and 2; you gave 3."),
        ("--temprature 1 Once", 'I don\'t know "--temprature". Did you mean --temperature?'),
        ("temperature=1,5 Once", 'temperature: "1,5" is not a number here; write 1.5.'),
    ],
)
async def test_mistakes_are_told_in_private(mode: Mode, typed: str, sentence: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode):
        shown = await world.ada.slash(world.general, "/complete", typed)
        assert await told(world, shown) == sentence
        assert world.general.messages == []


async def test_the_form_has_every_option(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete-presets", "save poem top_k=3")
        asked = await world.ada.slash(world.general, "/complete")
        form = await world.slack.until(lambda: asked.view)
        (preset,) = await world.ada.look_up(form, "preset", "po")
        assert await world.ada.look_up(form, "model") != []
        values = {"prompt": "Once", "temperature": "0.5", "length": "5", "stop": "x|\\n", "seed": "7", "preset": preset}
        await world.ada.submit(form, values)
        await bot.finished()
        (record,) = await bot.requests(world.team, world.general)
        options = record.options
        assert (options.temperature, options.length, options.stop, options.seed) == (0.5, 5, ("x", "\n"), 7)
        assert options.top_k == 3
        assert body(world.answers[0]).startswith("Once Once")


async def test_the_form_tells_what_is_wrong_at_its_field(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        asked = await world.ada.slash(world.general, "/complete")
        form = await world.slack.until(lambda: asked.view)
        refused = await world.ada.submit(form, {"prompt": "Once", "stop": "a|b|c|d|e"})
        assert list(refused.errors) == ["stop"]
        await world.ada.submit(form, {"stop": "a|b"})
        await bot.finished()
        assert len(world.answers) == 1


async def test_a_private_result_goes_to_direct_messages(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        shown = await world.ada.slash(world.general, "/complete", "--private --length 5 -- my secret")
        await bot.finished()
        assert shown.text == "Only you see it: the result is in our direct messages."
        assert world.general.messages == []
        root = world.team.direct_channel(world.ada).roots[0]
        (answer,) = root.thread
        assert body(answer).startswith("my secret")
        await world.ada.click(answer, button(answer, "Again"))
        await bot.finished()
        assert len(root.thread) == 2


async def test_mentions_in_threads(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        (first,) = await world.asked("--seed 7")
        await world.bob.mention(world.general, "continue", thread=first)
        await bot.finished()
        assert body(world.answers[1]).startswith(body(first) + " ")
        await world.bob.mention(world.general, "continue length=3", thread=first)
        await bot.finished()
        assert body(world.answers[2]).startswith(body(world.answers[1]) + " ")
        assert "length 3" in small(world.answers[2])[0]
        await world.bob.mention(world.general, "temperature=0.5 A <new> & text", thread=first)
        await bot.finished()
        assert body(world.answers[3]).startswith("A <new> & text ")
        await world.bob.mention(world.general, "continue the story of the lamp", thread=first)
        await bot.finished()
        assert body(world.answers[4]).startswith("continue the story of the lamp ")
        assert all(is_ended(each) for each in world.answers)
        assert len([each for each in world.general.roots if each.author.is_bot]) == 1


async def test_a_mention_outside_of_threads_is_answered_in_one(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        said = await world.ada.mention(world.general, "Once upon a time")
        await bot.finished()
        (answer,) = said.thread
        assert body(answer).startswith("Once upon a time ")


async def test_stop_by_a_mention(mode: Mode) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend, mode=mode) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        (await backend.next_run()).say(" there was")
        message = await world.slack.until(lambda: world.newest())
        await world.ada.mention(world.general, "stop", thread=message)
        await bot.finished()
        assert small(message)[-1].endswith("stopped by @Ada")


async def test_continue_where_there_is_nothing(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        remark = await world.ada.say(world.general, "hello")
        await world.ada.mention(world.general, "continue", thread=remark)
        await bot.finished()
        (seen,) = world.ada.sees(world.general)
        assert visible_text(seen) == "There is no result of mine in this thread; write @Inkling and the text to finish."
        assert seen.thread_ts == remark.ts


async def test_the_shortcut_completes_a_message_in_its_thread(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        remark = await world.bob.say(world.general, "It was a <dark> & stormy night")
        await world.ada.shortcut(remark, "Complete this message")
        await bot.finished()
        (answer,) = remark.thread
        assert body(answer).startswith("It was a <dark> & stormy night ")
        await world.ada.shortcut(answer, "Complete this message")
        await bot.finished()
        assert body(remark.thread[1]).startswith(body(answer) + " ")
        empty = await world.bob.say(world.general, " ")
        refused = await world.ada.shortcut(empty, "Complete this message")
        assert await told(world, refused) == "That message holds no text that I could finish."


async def test_direct_messages_need_no_mention(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        direct = world.team.direct_channel(world.ada)
        said: Message = await world.ada.say(direct, "Once upon a time")
        await bot.finished()
        await world.ada.say(direct, "continue", thread=said)
        await bot.finished()
        first, second = [each for each in said.thread if each.author.is_bot]
        assert body(second).startswith(body(first) + " ")


async def test_help_status_presets_and_what_is_kept(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        for command, text in (("/complete-help", ""), ("/complete", "help")):
            shown = await world.ada.slash(world.general, command, text)
            assert "/complete-config set max_length 200" in await told(world, shown)
        assert "echo: ready." in await told(world, await world.ada.slash(world.general, "/complete-status"))
        saved = await world.ada.slash(world.general, "/complete-presets", "save poem temperature=1.2")
        assert await told(world, saved) == "Saved poem: temperature 1.2. Use it with /complete preset=poem"
        await world.asked("--preset poem")
        kept = await world.ada.slash(world.general, "/complete-forget-me")
        assert (await told(world, kept)).startswith("I keep 1 of your requests")
        await world.ada.slash(world.general, "/complete-forget-me", "erase")
        await bot.finished()
        assert await bot.requests(world.team, world.general) == ()


async def configured(world: Slackland, bot: Bot, who: User, text: str) -> str:
    return await told(world, await who.slash(world.general, "/complete-config", text))


async def test_admins_change_settings_by_words(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        assert (await configured(world, bot, world.admin, "set max_length 3")).startswith("max_length is now 3.")
        await world.asked()
        assert small(world.root)[1] == "length 5 → 3 (this server's ceiling)"
        assert await configured(world, bot, world.admin, f"channel deny <#{world.general.id}|general>") == (
            f"channel {world.general.id} is denied now."
        )
        refused = await world.ada.slash(world.general, "/complete", "Once")
        assert await told(world, refused) == "Inkling is turned off in this channel."
        assert "no roles" in await configured(world, bot, world.admin, "role deny 1")
        assert "by words" not in await configured(world, bot, world.admin, "audit")


async def test_what_is_exported_is_as_it_was_set(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await configured(world, bot, world.admin, "set word_filter /help")
        exported = await configured(world, bot, world.admin, "export")
        assert json.loads(exported) == {"word_filter": ["/help"]}


async def test_admins_change_settings_by_a_form(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        await configured(world, bot, world.admin, "set temperature 0.5")
        opened = await world.admin.slash(world.general, "/complete-config")
        form = await world.slack.until(lambda: opened.view and opened.view.inputs and opened.view)
        values = {block["block_id"]: block["element"].get("initial_value", "") for block in form.inputs}
        assert values["temperature"] == "0.5"
        refused = await world.admin.submit(form, {"temperature": "3"})
        assert refused.errors == {"temperature": "temperature must be between 0 and 2; you gave 3."}
        await world.admin.submit(form, {"temperature": "", "max_length": "3", "regenerate_emoji": ":game_die:"})
        await bot.finished()
        assert "max_length is now 3. It holds from the next request on." in told_to(world, world.admin, opened)
        (first,) = await world.asked()
        assert "temperature 0.8" in small(world.root)[0]
        assert first.reactions.keys() == {"game_die"}
        await world.bob.react(first, "game_die")
        await world.bob.react(first, "repeat")
        await bot.finished()
        assert len(world.answers) == 2


def told_to(world: Slackland, who: User, shown: Shown) -> str:
    return "\n".join([shown.text, *(visible_text(each) for each in who.sees(world.general))])


async def test_nobody_else_changes_settings_by_any_path(mode: Mode) -> None:
    only = "Only people who may manage this server can change its settings."
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode) as bot:
        for text in ("show", "set max_length 3", "reset", "export", "import {}", "audit", "user deny U1"):
            assert await configured(world, bot, world.ada, text) == only
        opened = await world.ada.slash(world.general, "/complete-config")
        view = await world.slack.until(
            lambda: opened.view and visible_text(opened.view) != "One moment …" and opened.view
        )
        assert (visible_text(view), view.inputs) == (only, [])
        # Somebody who was an admin when the form opened.
        opened = await world.admin.slash(world.general, "/complete-config")
        form = await world.slack.until(lambda: opened.view and opened.view.inputs and opened.view)
        world.admin.admin = False
        await world.admin.submit(form, {"max_length": "3"})
        await bot.finished()
        assert only in told_to(world, world.admin, opened)
        await world.ada.open_home()
        home = await world.slack.until(lambda: world.ada.home)
        assert "Settings" not in visible_text(home)
        assert (await bot.store.workspace(workspace_of(world.team.id))).version == 0


async def test_the_operator_may_name_admins(mode: Mode) -> None:
    async with slackland() as world:
        changes = {"admins": (world.bob.id,)}
        async with running_bot(world.slack, world.team, mode=mode, slack_changes=changes) as bot:
            assert (await configured(world, bot, world.bob, "set max_length 3")).startswith("max_length is now 3.")


async def test_the_home_tab(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode=mode):
        await world.ada.slash(world.general, "/complete-presets", "save poem temperature=1.2")
        await world.asked()
        await world.ada.open_home()
        shown = visible_text(await world.slack.until(lambda: world.ada.home))
        assert "poem: temperature 1.2" in shown
        assert "Once upon a time · done" in shown
        await world.admin.open_home()
        admins = visible_text(await world.slack.until(lambda: world.admin.home))
        assert "max_length: 400 (the operator's limit, limits.max_length)" in admins
