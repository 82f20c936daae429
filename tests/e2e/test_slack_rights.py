"""Who may do what on Slack, by every way there is, and what they leave behind."""

from __future__ import annotations

import pytest

from bots.slack_bot.workspaces import workspace_of
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.slack_bot import running_bot
from tests.fakes.slackland import body, button, is_ended, slackland


@pytest.mark.parametrize(
    "typed", ["user deny bob", "user deny @Nobody", "channel deny nowhere", "channel set x length 3"]
)
async def test_a_rule_for_nobody_is_refused(typed: str) -> None:
    """Names mean nothing to Slack: a rule for one would never hold."""
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        shown = await world.admin.slash(world.general, "/complete-config", typed)
        await bot.finished()
        assert "isn't a" in shown.text
        assert (await bot.store.workspace(workspace_of(world.team.id))).version == 0


@pytest.mark.parametrize(
    "typed", ["user deny @Bob", "user deny {bob}", "channel deny #general", "channel deny {general}"]
)
async def test_who_is_denied_is_denied_everywhere(typed: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        (first,) = await world.asked()
        rule = typed.format(bob=world.bob.id, general=world.general.id)
        await world.admin.slash(world.general, "/complete-config", rule)
        await bot.finished()
        await world.bob.slash(world.general, "/complete", "-- Once")
        await world.bob.mention(world.general, "continue", thread=first)
        await world.bob.mention(world.general, "A text")
        await world.bob.react(first, "repeat")
        await world.bob.click(first, button(first, "Again"))
        await world.bob.shortcut(first, "Complete this message")
        more = await world.bob.click(first, button(first, "More"))
        await bot.finished()
        if more.message is not None:
            for label in ("As file", "Same seed", "Undo", "Delete"):
                await world.bob.click(more.message, button(more.message, label))
                await bot.finished()
        assert len(await bot.requests(world.team, world.general)) == 1
        assert world.answers == [first]
        assert not first.deleted


async def test_a_file_goes_with_its_result() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        (first,) = await world.asked(prompt="my secret")
        more = await world.ada.click(first, button(first, "More"))
        menu = await world.slack.until(lambda: more.message)
        await world.ada.click(menu, button(menu, "As file"))
        await bot.finished()
        upload = world.answers[-1]
        assert "my secret" in upload.files[0].text
        await world.ada.click(menu, button(menu, "Delete"))
        await bot.finished()
        assert upload.files == [] or upload.deleted


async def test_a_sample_that_never_was_is_told_so() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        (first,) = await world.asked()
        (record,) = await bot.requests(world.team, world.general)
        forged = f"inkling:file:{record.id}:9"
        first.blocks[-1]["elements"][0]["action_id"] = forged
        shown = await world.ada.click(first, forged)
        await bot.finished()
        assert shown.text == "sample must be between 1 and 1; you gave 10."


async def test_the_home_tab_holds_the_longest_presets() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        stops = " ".join(f'--stop "{letter * 60}"' for letter in "abcd")
        for number in range(20):
            await world.ada.slash(world.general, "/complete-presets", f"save poem{number} {stops}")
        await bot.finished()
        await world.ada.open_home()
        await bot.finished()
        assert world.ada.home is not None


async def test_a_setting_is_saved_though_nobody_can_be_told() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        asked = await world.admin.slash(world.general, "/complete-config")
        form = await world.slack.until(lambda: asked.view if asked.view and asked.view.inputs else None)
        world.slack.faults.drop("response_url", 10)
        await world.admin.submit(form, {"length": "7", "temperature": "0.5", "cooldown_s": "3"})
        await bot.finished()
        assert (await bot.store.workspace(workspace_of(world.team.id))).version == 3


async def test_the_shortcut_on_a_result_goes_on_from_all_of_it() -> None:
    backend = GatedBackend(text=" x" * 1000)
    async with slackland() as world, running_bot(world.slack, world.team, backend) as bot:
        await world.ada.slash(world.general, "/complete", "-- Once")
        await bot.finished()
        await world.bob.shortcut(world.answers[0], "Complete this message")
        await bot.finished()
        assert len((await bot.requests(world.team, world.general))[-1].prompt) == 2004


async def test_a_private_result_is_nobody_elses_by_any_way() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        (first,) = await world.asked()
        await world.ada.slash(world.general, "/complete", "--private --length 5 -- my secret")
        await bot.finished()
        secret = (await bot.requests(world.team, world.general))[-1]
        assert secret.private
        for action in ("again", "continue", "vary", "edit", "more", "file", "delete", "undo", "same_seed", "stop"):
            forged = f"inkling:{action}:{secret.id}:0"
            first.blocks[-1]["elements"][0]["action_id"] = forged
            shown = await world.admin.click(first, forged)
            await bot.finished()
            assert shown.text.startswith("I no longer have that result"), action
        assert not any(is_ended(each) and "secret" in body(each) for each in world.answers)


async def test_a_form_left_as_it_was_changes_nothing() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        words = ", ".join(f"word{n:05d}" for n in range(300))
        await world.admin.slash(world.general, "/complete-config", f"set word_filter {words}")
        await world.admin.slash(world.general, "/complete-config", "set cooldown_s 5")
        await world.admin.slash(world.general, "/complete-config", "show word_filter")
        await bot.finished()
        before = (await bot.store.workspace(workspace_of(world.team.id))).version
        asked = await world.admin.slash(world.general, "/complete-config")
        form = await world.slack.until(lambda: asked.view if asked.view and asked.view.inputs else None)
        await world.admin.submit(form, {})
        await bot.finished()
        assert (await bot.store.workspace(workspace_of(world.team.id))).version == before


async def test_who_cannot_be_told_by_the_response_url_is_told_in_the_channel() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        world.slack.faults.drop("response_url", 10)
        await world.ada.slash(world.general, "/complete", "--temperature 9 -- x")
        await bot.finished()
        assert len(world.ada.sees(world.general)) == 1


async def test_who_cannot_be_told_in_the_channel_is_told_in_direct_messages() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        secret = world.team.add_channel("secret", private=True, bot=False)
        await world.admin.slash(world.general, "/complete-config", "set word_filter darn")
        asked = await world.ada.slash(secret, "/complete")
        form = await world.slack.until(lambda: asked.view)
        world.slack.advance(1900)
        await world.ada.submit(form, {"prompt": "darn"})
        await bot.finished()
        (told,) = world.team.direct_channel(world.ada).messages
        assert told.text == "The prompt holds a word that this server doesn't allow."


async def test_an_emoji_that_is_none_keeps_nothing_back() -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        await world.admin.slash(world.general, "/complete-config", "set regenerate_emoji <!channel>")
        (first,) = await world.asked()
        await bot.finished()
        assert is_ended(first)
