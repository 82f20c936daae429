"""The real bolt app goes through a whole story with the fake, in both modes."""

from __future__ import annotations

import pytest

from tests.fakes.slack_world import FakeSlack, Message, NotPossible
from tests.slack_world.parrot import parrot_by_http, parrot_in


@pytest.mark.parametrize("mode", [parrot_in, parrot_by_http])
async def test_a_story(mode) -> None:
    async with FakeSlack.open() as slack:
        slack.web.checks_own_answers = True
        team = slack.add_workspace("Wonderland")
        channel, ada = team.add_channel("general"), team.add_user("Ada")
        async with mode(slack, team):
            shown = await ada.slash(channel, "/repeat", "Once")
            await slack.until(lambda: shown.text == "Said: Once")
            root = channel.roots[0]
            said: Message = root.thread[0]
            assert [slack.visible_text(each) for each in (root, said)] == ["Once", "OnceOnce"]
            assert [each.ephemeral for each in ada.sees(channel)] == [True]
            again = await ada.click(said, "Again")
            await slack.until(lambda: again.text == "Done")
            assert slack.visible_text(said) == "again"
            asked = await ada.slash(channel, "/ask")
            view = await slack.until(lambda: asked.view)
            assert (await ada.submit(view, {"Words": "bad"})).errors == {"words": "Not that"}
            assert (await ada.submit(view, {"Words": "more"})).view is view
            assert (view.title, view.open) == ("More", True)
            await ada.submit(view, {"Words": "fine"})
            assert ada.modal is None
            await ada.react(said, "repeat")
            await slack.until(lambda: team.bot in said.reactions.get("eyes", []))
            word = await ada.mention(channel, "hello <you>", thread=root)
            await slack.until(lambda: word is not root.thread[-1])
            assert slack.visible_text(root.thread[-1]) == "hello <you>"
            copied = await ada.shortcut(word, "repeat_message")
            await slack.until(lambda: copied.text)
            await ada.open_home()
            home = await slack.until(lambda: ada.home)
            assert slack.visible_text(home) == "Hello"
            with pytest.raises(NotPossible, match="not supported in threads"):
                await ada.slash(channel, "/repeat", "Once", thread=root)
            await slack.settle()
        assert [str(each) for each in slack.violations] == []
        assert slack.web.own_errors == []
        assert [str(each) for each in slack.pings] == [f"user <@{team.bot.id}>"]
        assert max(slack.ack_seconds) < 1
