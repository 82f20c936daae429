"""Streamed messages, with the real client's own helper and by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.slack_world.stage import Stage, error_of, set_stage


def for_ada(stage: Stage) -> dict[str, Any]:
    about = {"recipient_user_id": stage.ada.id, "recipient_team_id": stage.team.id}
    return {"channel": stage.channel.id, "thread_ts": None} | about


async def test_the_sdks_stream() -> None:
    async with set_stage() as stage:
        root = await stage.post("root")
        stream = await stage.api.chat_stream(buffer_size=4, **for_ada(stage) | {"thread_ts": root.ts})
        for piece in ("Once ", "upon ", "**a time**"):
            await stream.append(markdown_text=piece)
        message = root.thread[0]
        assert message.streaming
        block = {"type": "section", "text": {"type": "plain_text", "text": "footer"}}
        await stream.stop(blocks=[block], metadata={"event_type": "a", "event_payload": {"b": 1}})
        assert stage.slack.visible_text(message) == "Once upon a time\nfooter"
        assert (message.streaming, message.metadata) == (False, {"event_type": "a", "event_payload": {"b": 1}})
        assert message.versions[-2] == "Once upon a time"
        assert stage.reasons == []


async def test_updates_conflict_while_it_streams() -> None:
    async with set_stage() as stage:
        ts = (await stage.api.chat_startStream(markdown_text="a", **for_ada(stage)))["ts"]
        where = {"channel": stage.channel.id, "ts": ts}
        assert await error_of(stage.api.chat_update(text="b", parse="none", **where)) == "streaming_state_conflict"
        await stage.api.chat_stopStream(**where)
        assert await error_of(stage.api.chat_update(text="b", parse="none", **where)) == ""
        assert stage.slack.visible_text(stage.channel.messages[0]) == "b"
        assert await error_of(stage.api.chat_stopStream(**where)) == "message_not_in_streaming_state"


async def test_slack_ends_streams_after_five_minutes() -> None:
    async with set_stage() as stage:
        ts = (await stage.api.chat_startStream(markdown_text="a", **for_ada(stage)))["ts"]
        where = {"channel": stage.channel.id, "ts": ts}
        stage.slack.advance(299)
        await stage.api.chat_appendStream(markdown_text="b", **where)
        stage.slack.advance(2)
        for calling in (stage.api.chat_appendStream(markdown_text="c", **where), stage.api.chat_stopStream(**where)):
            assert await error_of(calling) == "message_not_in_streaming_state"
        await stage.api.chat_update(text="abc", parse="none", **where)
        assert stage.slack.visible_text(stage.channel.messages[0]) == "abc"


@pytest.mark.parametrize("missing", ["recipient_user_id", "recipient_team_id"])
async def test_channels_want_to_know_for_whom(missing: str) -> None:
    async with set_stage() as stage:
        about = for_ada(stage)
        del about[missing]
        assert await error_of(stage.api.chat_startStream(markdown_text="a", **about)) == f"missing_{missing}"


async def test_direct_messages_do_not() -> None:
    async with set_stage() as stage:
        channel = stage.team.direct_channel(stage.ada)
        told = await stage.api.chat_startStream(channel=channel.id, thread_ts=None, markdown_text="a")
        assert told["ts"] == channel.messages[0].ts


async def test_what_cannot_be_appended_to() -> None:
    async with set_stage() as stage:
        plain = await stage.post()
        hers = await stage.ada.say(stage.channel, "mine")
        for ts, error in (
            (plain.ts, "message_not_in_streaming_state"),
            (hers.ts, "message_not_owned_by_app"),
            ("1.0", "message_not_found"),
        ):
            calling = stage.api.chat_appendStream(channel=stage.channel.id, ts=ts, markdown_text="a")
            assert await error_of(calling) == error


async def test_chunks_are_checked() -> None:
    async with set_stage() as stage:
        for chunk in ({"type": "song"}, {"type": "markdown_text", "text": "a", "tune": 1}, {"type": "markdown_text"}):
            calling = stage.api.chat_startStream(chunks=[chunk], **for_ada(stage))
            assert await error_of(calling) == "invalid_chunks"
        calling = stage.api.chat_startStream(markdown_text="a" * 12_001, **for_ada(stage))
        assert await error_of(calling) == "msg_blocks_too_long"
        ts = (await stage.api.chat_startStream(**for_ada(stage)))["ts"]
        bad = [{"type": "header"}]
        calling = stage.api.chat_stopStream(channel=stage.channel.id, ts=ts, blocks=bad)
        assert await error_of(calling) == "invalid_blocks"
        assert len(stage.slack.violations) >= 5


async def test_settling_waits_for_streams() -> None:
    async with set_stage() as stage:
        await stage.api.chat_startStream(markdown_text="a", **for_ada(stage))
        with pytest.raises(AssertionError, match="not so after"):
            await stage.slack.until(stage.slack._at_rest, 0.05)
        stage.slack.advance(301)
        await stage.slack.settle(0.01)
