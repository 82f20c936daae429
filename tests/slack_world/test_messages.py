"""Messages by the bot: their threads, edits and ends."""

from __future__ import annotations

from tests.slack_world.stage import QUIET, error_of, set_stage

BLOCK = {"type": "section", "text": {"type": "plain_text", "text": "in a block"}}


async def test_only_its_own_messages_can_be_changed() -> None:
    async with set_stage() as stage:
        hers = await stage.ada.say(stage.channel, "mine")
        where = {"channel": stage.channel.id, "ts": hers.ts}
        assert await error_of(stage.api.chat_update(text="a", parse="none", **where)) == "cant_update_message"
        assert await error_of(stage.api.chat_delete(**where)) == "cant_delete_message"
        mine = await stage.post()
        await stage.api.chat_delete(channel=stage.channel.id, ts=mine.ts)
        gone = {"channel": stage.channel.id, "ts": mine.ts}
        assert await error_of(stage.api.chat_update(text="a", parse="none", **gone)) == "message_not_found"
        assert await error_of(stage.api.chat_delete(**gone)) == "message_not_found"


async def test_ephemerals_cannot_be_changed() -> None:
    async with set_stage() as stage:
        told = await stage.api.chat_postEphemeral(channel=stage.channel.id, user=stage.ada.id, text="psst")
        calling = stage.api.chat_update(channel=stage.channel.id, ts=told["message_ts"], text="a", parse="none")
        assert await error_of(calling) == "message_not_found"


async def test_new_text_takes_blocks_away_and_metadata_stays() -> None:
    async with set_stage() as stage:
        metadata = {"event_type": "result", "event_payload": {"id": "1"}}
        message = await stage.post("text", blocks=[BLOCK], metadata=metadata)
        where = {"channel": stage.channel.id, "ts": message.ts}
        assert stage.slack.visible_text(message) == "in a block"
        await stage.api.chat_update(text="new", parse="none", **where)
        assert (stage.slack.visible_text(message), message.metadata) == ("new", metadata)
        await stage.api.chat_update(text="new", blocks=[BLOCK], parse="none", metadata={}, **where)
        assert message.metadata is None
        assert message.versions == ["in a block", "new", "in a block"]
        assert message.edited_ts


async def test_threads() -> None:
    async with set_stage() as stage:
        root = await stage.post("root")
        reply = await stage.post("reply", thread_ts=root.ts)
        assert (root.thread, reply.root, stage.channel.roots) == ([reply], root, [root])
        deep = await stage.post("deep", thread_ts=reply.ts)
        assert deep.thread_ts == root.ts
        assert "names a reply" in stage.reasons[0]
        assert await error_of(stage.post(thread_ts="1.0")) == "cannot_reply_to_message"


async def test_text_over_forty_thousand_characters_is_cut() -> None:
    async with set_stage() as stage:
        told = await stage.api.chat_postMessage(channel=stage.channel.id, text="a" * 40_001, **QUIET)
        assert told["warning"] == "message_truncated"
        assert len(stage.channel.messages[0].text) == 40_000


async def test_archiving_stops_everything() -> None:
    async with set_stage() as stage:
        message = await stage.post()
        told = await stage.api.chat_startStream(
            channel=stage.channel.id,
            thread_ts=message.ts,
            recipient_user_id=stage.ada.id,
            recipient_team_id=stage.team.id,
        )
        stage.channel.archive()
        channel, ts = stage.channel.id, message.ts
        for calling, error in (
            (stage.api.chat_update(channel=channel, ts=ts, text="a", parse="none"), "is_inactive"),
            (stage.api.chat_delete(channel=channel, ts=ts), "cant_delete_message"),
            (stage.api.reactions_add(channel=channel, timestamp=ts, name="eyes"), "is_archived"),
            (stage.api.chat_stopStream(channel=channel, ts=told["ts"]), "is_archived"),
        ):
            assert await error_of(calling) == error


async def test_workspaces_may_limit_edits() -> None:
    async with set_stage() as stage:
        message = await stage.post()
        stage.team.edit_window_s = 60
        where = {"channel": stage.channel.id, "ts": message.ts}
        assert await error_of(stage.api.chat_update(text="a", parse="none", **where)) == ""
        stage.slack.advance(61)
        assert await error_of(stage.api.chat_update(text="b", parse="none", **where)) == "edit_window_closed"


async def test_permalinks() -> None:
    async with set_stage() as stage:
        root = await stage.post()
        reply = await stage.post(thread_ts=root.ts)
        told = await stage.api.chat_getPermalink(channel=stage.channel.id, message_ts=reply.ts)
        assert told["permalink"].endswith(f"?thread_ts={root.ts}&cid={stage.channel.id}")
        calling = stage.api.chat_getPermalink(channel=stage.channel.id, message_ts="1.0")
        assert await error_of(calling) == "message_not_found"
