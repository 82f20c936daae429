"""Whom a message calls and where it leads is noticed, wherever it stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.slack_world.stage import QUIET, set_stage
from tests.slack_world.test_rules_messages import plain, section

SPOKEN = {
    "<!channel>": "everybody",
    "<!here|here>": "everybody",
    "<!everyone>": "everybody",
    "<!subteam^S123|team>": "group",
    "<@U123>": "user",
    "<#C123|general>": "channel",
    "<https://example.com|here>": "link",
    "<mailto:a@example.com|a>": "link",
}


@pytest.mark.parametrize("text", SPOKEN)
@pytest.mark.parametrize("place", ["text", "section", "markdown_text", "markdown", "field", "attachment", "context"])
async def test_pings_are_noticed(text: str, place: str) -> None:
    said = f"Hello {text}!"
    mrkdwn = {"type": "mrkdwn", "text": said}
    sent: dict[str, dict[str, Any]] = {
        "text": {"text": said},
        "section": {"text": "a", "blocks": [section(text=mrkdwn)]},
        "markdown_text": {"markdown_text": said},
        "markdown": {"text": "a", "blocks": [{"type": "markdown", "text": said}]},
        "field": {"text": "a", "blocks": [section(fields=[mrkdwn])]},
        "attachment": {"text": "a", "attachments": [{"fallback": "a", "blocks": [section(text=mrkdwn)]}]},
        "context": {"text": "a", "blocks": [{"type": "context", "elements": [mrkdwn]}]},
    }
    async with set_stage() as stage:
        await stage.api.chat_postMessage(channel=stage.channel.id, **QUIET, **sent[place])
        assert [(each.kind, each.text) for each in stage.slack.pings] == [(SPOKEN[text], text)]


async def test_escaped_and_plain_text_call_nobody() -> None:
    async with set_stage() as stage:
        said = "<!channel> <@U123> <https://a|b>"
        escaped = said.replace("<", "&lt;").replace(">", "&gt;")
        await stage.post(escaped, blocks=[section(text=plain(said))])
        await stage.post("@channel #general @here")
        assert stage.slack.pings == []


async def test_names_are_linked_where_asked() -> None:
    async with set_stage() as stage:
        await stage.post("@here", link_names=True)
        await stage.post("@ada", parse="full")
        assert [str(each) for each in stage.slack.pings] == ["everybody @here", "user @ada"]


async def test_mrkdwn_that_is_not_verbatim_is_parsed() -> None:
    async with set_stage() as stage:
        said = "https://example.com #general #nowhere @here `@channel` a@channel"
        await stage.post("a", blocks=[section(text={"type": "mrkdwn", "text": said, "verbatim": True})])
        assert stage.slack.pings == []
        await stage.post("a", blocks=[section(text={"type": "mrkdwn", "text": said})])
        assert [str(each) for each in stage.slack.pings] == [
            "parsed https://example.com",
            "parsed #general",
            "parsed @here",
        ]


async def test_rich_text_and_markdown_links() -> None:
    async with set_stage() as stage:
        parts = [{"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U1"}]
        rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}
        await stage.post("a", blocks=[rich])
        await stage.api.chat_postMessage(channel=stage.channel.id, markdown_text="[free](https://evil)", **QUIET)
        assert [each.kind for each in stage.slack.pings] == ["everybody", "user", "link"]


async def test_edits_and_streams_are_looked_at_too() -> None:
    async with set_stage() as stage:
        message = await stage.post("a")
        for _ in range(2):
            await stage.api.chat_update(channel=stage.channel.id, ts=message.ts, text="<!here>", parse="none")
        told = await stage.api.chat_startStream(channel=stage.team.direct_channel(stage.ada).id, thread_ts=None)
        where = {"channel": told["channel"], "ts": told["ts"]}
        for piece in ("<!chan", "nel>"):
            await stage.api.chat_appendStream(markdown_text=piece, **where)
        assert [each.text for each in stage.slack.pings] == ["<!here>", "<!channel>"]
        assert stage.slack.pings[0].message is message
