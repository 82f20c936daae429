"""Where results go on Slack, what is done where the bot may not write, and when their place goes away."""

from __future__ import annotations

import pytest

from backends.store.records import RequestRecord
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.slack_bot import Bot, running_bot
from tests.fakes.slack_world import Channel, User
from tests.fakes.slackland import Slackland, body, button, is_ended, labels, slackland, small
from tests.fakes.worlds import stored

INVITE = "I'm not in this channel: type /invite @Inkling here. Meanwhile the result is in our direct messages."


def direct(world: Slackland, who: User) -> Channel:
    return world.team.direct_channel(who)


async def only_request(bot: Bot, world: Slackland, channel: Channel | None = None) -> RequestRecord:
    (record,) = await bot.requests(world.team, channel or world.general)
    return record


async def test_it_joins_public_channels() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        lounge = world.team.add_channel("lounge", bot=False)
        await world.ada.slash(lounge, "/complete", "--length 5 -- Once")
        await bot.finished()
        assert world.team.bot in lounge.members
        assert is_ended(lounge.roots[0].thread[0])


async def test_in_private_channels_it_asks_to_be_invited() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        secret = world.team.add_channel("secret", private=True, bot=False)
        shown = await world.ada.slash(secret, "/complete", "--length 5 -- Once")
        await bot.finished()
        assert shown.text == INVITE
        assert secret.messages == []
        assert is_ended(direct(world, world.ada).roots[0].thread[0])


async def test_where_it_may_not_write_the_result_comes_in_direct_messages() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        world.general.read_only = True
        shown = await world.ada.slash(world.general, "/complete", "--length 5 -- Once")
        await bot.finished()
        assert shown.text == "I may not write in this channel; the result is in our direct messages."
        assert is_ended(direct(world, world.ada).roots[0].thread[0])


async def test_in_direct_messages_commands_work_too() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        here = direct(world, world.ada)
        await world.ada.slash(here, "/complete", "--length 5 -- Once")
        await bot.finished()
        answer = here.roots[0].thread[0]
        await world.ada.react(answer, "repeat")
        await bot.finished()
        assert len(here.roots[0].thread) == 2


@pytest.mark.parametrize("what", ["root", "channel", "membership"])
async def test_what_nobody_can_see_is_not_written_on(what: str) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        root = await world.slack.until(lambda: world.general.roots and world.root)
        await world.slack.settle()
        if what == "root":
            await world.admin.delete(root)
        elif what == "channel":
            world.general.archived = True
        else:
            world.general.members.remove(world.team.bot)
        run.say(" there was")
        await run.closed.wait()
        assert run.cancelled
        await bot.finished()
        record = await only_request(bot, world)
        assert (record.status, record.error) == ("stopped", "stopped: its message was deleted")


async def test_one_deleted_sample_of_several_is_left_out() -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "-n 2 -- Once")
        run = await backend.next_run()
        run.say(" a", sample=0)
        run.say(" b", sample=1)
        await world.slack.until(lambda: world.general.roots and len(world.answers) == 2)
        first, second = world.answers
        await world.admin.delete(first)
        run.complete(" end")
        await bot.finished()
        assert world.answers == [second]
        assert is_ended(second)


async def test_a_revoked_token_ends_what_is_open() -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        await world.slack.until(lambda: world.general.roots)
        await world.slack.settle()
        world.team.revoke_token()
        await run.closed.wait()
        await bot.finished()
        assert await bot.requests(world.team, world.general) == ()


async def test_a_long_text_is_split_and_nothing_is_lost() -> None:
    text = " ".join(f"word{number}" for number in range(900))
    backend = GatedBackend(text=f" {text}")
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        await bot.finished()
        assert len(world.answers) == 3
        assert "".join(body(each) for each in world.answers) == f"Once {text}"
        assert [bool(labels(each)) for each in world.answers] == [False, False, True]


async def test_a_very_long_text_comes_as_a_file_too() -> None:
    text = "x" * 20_000
    backend = GatedBackend(text=text)
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        await bot.finished()
        *messages, last, upload = world.answers
        assert len(messages) == 3
        assert small(last)[0] == "The whole text, 20,000 characters, is in the file."
        assert upload.files[0].text == f"Once{text}"
        more = await world.ada.click(last, button(last, "More"))
        menu = await world.slack.until(lambda: more.message)
        await world.ada.click(menu, button(menu, "Delete"))
        await bot.finished()
        assert [each.files for each in world.answers] == [[]], "what shared the file stays, without it"


@pytest.mark.parametrize("error", ["file_uploads_disabled", "missing_scope"])
async def test_where_slack_takes_no_files_the_end_is_shown_without(error: str) -> None:
    backend = GatedBackend(text="x" * 20_000)
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        world.slack.faults.refuse("files.getUploadURLExternal", error)
        await world.ada.slash(world.general, "/complete", "Once")
        await bot.finished()
        *_, last, told = world.answers
        assert "repeat" in last.reactions
        assert small(told)[0].startswith("Slack takes no file from me here")
        more = await world.ada.click(last, button(last, "More"))
        menu = await world.slack.until(lambda: more.message)
        await world.ada.click(menu, button(menu, "As file"))
        await bot.finished()
        assert world.answers[-1].files[0].text == f"Once{'x' * 20_000}"


HOSTILE = {
    "mentions": "<!channel> <!here> <@U0FAKE00002> <#C1|x> @channel @here",
    "entities": "&lt; &amp;lt; & < > <b>",
    "links": "<http://evil.example|bank> [bank](http://evil.example) ![x](http://evil.example/x.png) http://a.example",
    "marks": "*bold* _it_ ~gone~ `code` > quote\n> quote\n# head\n- item\n1. one :repeat:",
    "fences": "```\nx <!channel>\n``` and ``` in a line\n```python\nprint('*')",
    "letters": "😀👩‍👩‍👧‍👦 é é שלום \u202eevil\u202c \u200b \ufdd0\ufdd1\ufdd2",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("stream", [True, False])
async def test_hostile_text_is_shown_and_means_nothing(name: str, stream: bool) -> None:
    text, backend = HOSTILE[name], GatedBackend()
    changes = {"stream": stream}
    async with slackland() as world, running_bot(world.slack, world.team, backend, slack_changes=changes) as bot:
        await world.ada.slash(world.general, "/complete", f"-- {text}")
        run = await backend.next_run()
        run.say(" ", text)
        await world.slack.until(lambda: world.newest())
        run.say(" ", text)
        run.finish()
        run.end()
        await bot.finished()
        (answer,) = world.answers
        assert (await only_request(bot, world)).prompt == text
        if name != "fences":
            assert body(answer) == f"{text} {text} {text}"
        await world.ada.open_home()
        await world.slack.until(lambda: world.ada.home)


async def test_streaming_gives_way_when_slack_ends_it() -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        run.say(" there")
        message = await world.slack.until(lambda: world.newest())
        world.slack.advance(301)
        run.say(" was")
        await world.slack.until(lambda: body(message) == "Once there was▌")
        run.complete(" a lamp")
        await bot.finished()
        assert body(message) == "Once there was a lamp"
        assert world.answers == [message]


@pytest.mark.parametrize("error", ["missing_scope", "channel_type_not_supported", "internal_error"])
async def test_where_there_is_no_streaming_it_edits(error: str) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        world.slack.faults.refuse("chat.startStream", error)
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        run.say(" there was")
        message = await world.slack.until(lambda: world.newest())
        assert body(message) == "Once there was▌"
        run.complete(" a lamp")
        await bot.finished()
        assert body(message) == "Once there was a lamp"


async def test_who_must_wait_for_slack_doesnt_keep_others_waiting() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        gate = world.slack.faults.hold("chat.postMessage")
        await world.ada.slash(world.general, "/complete", "--length 5 -- First")
        await world.slack.until(lambda: gate.held == 1)
        shown = await world.bob.slash(world.general, "/complete-status")
        await world.slack.until(lambda: shown.text)
        gate.open()
        await bot.finished()
        assert is_ended(world.answers[0])


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "users.info", "response_url", "reactions.add"])
async def test_rate_limits_are_waited_out(method: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        world.slack.faults.rate_limit(method, 2)
        await world.ada.slash(world.general, "/complete", "--length 5 -- Once")
        await world.ada.slash(world.general, "/complete-status")
        await bot.finished()
        await world.slack.until(lambda: world.general.roots and world.answers and is_ended(world.answers[0]))
        await bot.finished()
        assert len(world.answers) == 1


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_an_end_that_slack_failed_to_take_is_shown_later(method: str) -> None:
    backend = GatedBackend()
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "Once")
        run = await backend.next_run()
        await world.slack.until(lambda: world.general.roots)
        await world.slack.settle()
        world.slack.faults.refuse(method, "internal_error")
        run.complete(" there was")
        await bot.finished()
        (answer,) = world.answers
        assert body(answer) == "Once there was"


async def test_a_stray_message_goes_when_its_button_is_pressed() -> None:
    """One that was posted just before the process died, so that nobody remembers it."""
    async with stored() as store, slackland() as world, running_bot(world.slack, world.team, store=store) as bot:
        (first,) = await world.asked()
        sent = {"text": "x", "blocks": first.blocks}
        api = await bot.server.workspaces.api(world.team.id)
        await api.post(world.general.id, sent["text"], sent["blocks"], world.root.ts)
        _, stray = world.answers
        await world.ada.click(stray, button(stray, "Again"))
        await bot.finished()
        assert stray.deleted
        assert len(world.answers) == 2


async def test_a_shortcut_where_it_isnt_a_member_is_answered_in_direct_messages() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        secret = world.team.add_channel("secret", private=True, bot=False)
        remark = await world.ada.say(secret, "It was a dark night")
        shown = await world.ada.shortcut(remark, "Complete this message")
        await bot.finished()
        assert shown.text == INVITE
        assert is_ended(direct(world, world.ada).roots[0].thread[0])


async def test_a_button_of_another_version_says_so() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        (first,) = await world.asked()
        first.blocks[-1]["elements"][0]["action_id"] = "inkling:sing:1:0"
        shown = await world.ada.click(first, "inkling:sing:1:0")
        await bot.finished()
        assert shown.text == "That is from another version of me, and I don't know it any more."


async def test_names_mean_nothing_either() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        mallory = world.team.add_user("<!here> & *me* `x`")
        await mallory.slash(world.general, "/complete", "--length 3 -- Once")
        await bot.finished()
        await mallory.click(world.answers[0], button(world.answers[0], "Again"))
        await bot.finished()
        assert small(world.root)[0].endswith("for @<!here> & *me* `x`")
        more = await mallory.click(world.answers[1], button(world.answers[1], "More"))
        menu = await world.slack.until(lambda: more.message)
        await mallory.click(menu, button(menu, "Delete"))
        await bot.finished()
        assert len(world.answers) == 1
