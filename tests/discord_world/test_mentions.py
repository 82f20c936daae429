"""Who is notified by what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import QUIET, invoked
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world import Permission


@pytest.mark.parametrize(
    ("text", "allowed", "pinged"),
    [
        ("<@1> <@&2>", None, ["<@1>", "<@&2>"]),
        ("<@1> <@&2>", {"parse": []}, []),
        ("<@1> <@2>", {"parse": [], "users": ["2"]}, ["<@2>"]),
        ("<@!1>", {"parse": ["users"]}, ["<@1>"]),
        ("`<@1>` ```\n<@1>```", None, []),
        (r"\<@1>", None, []),
        ("@everyone @here", None, []),
    ],
)
async def test_mentions_ping_unless_kept_quiet(text: str, allowed: Any, pinged: list[str]) -> None:
    async with set_stage() as stage:
        body = {"content": text} | ({} if allowed is None else {"allowed_mentions": allowed})
        await stage.api("POST", f"/channels/{stage.channel.id}/messages", body)
        assert [mention for _, mention in stage.discord.pings] == pinged


async def test_everyone_takes_a_permission() -> None:
    async with set_stage() as stage:
        stage.guild.me.give(stage.guild.add_role("loud", Permission.MENTION_EVERYONE))
        message = await stage.api.sent(stage.channel, "@everyone", allowed_mentions={"parse": ["everyone"]})
        assert message.payload()["mention_everyone"]
        await stage.api.sent(stage.channel, "@everyone")
        assert stage.discord.pings == [(message, "@everyone")]


async def test_answers_notify_users_only_unless_told_otherwise() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        await stage.api.answer(interaction, 4, {"content": f"<@{stage.ada.id}> <@&5>"})
        assert [mention for _, mention in stage.discord.pings] == [stage.ada.mention]


async def test_a_reply_notifies_unless_told_not_to() -> None:
    async with set_stage() as stage:
        theirs = await stage.ada.say(stage.channel, "hi")
        reference = {"message_reference": {"message_id": str(theirs.id)}}
        quiet = await stage.api.sent(stage.channel, "a", **reference)
        assert quiet.payload()["referenced_message"]["id"] == str(theirs.id)
        assert stage.discord.pings == []
        path = f"/channels/{stage.channel.id}/messages"
        await stage.api("POST", path, {"content": "b"} | reference)
        assert [mention for _, mention in stage.discord.pings] == [stage.ada.mention]


async def test_an_edit_notifies_of_what_is_new() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel, "quiet")
        path = f"/channels/{stage.channel.id}/messages/{message.id}"
        await stage.api("PATCH", path, QUIET | {"content": "<@1>"})
        assert stage.discord.pings == []
        await stage.api("PATCH", path, {"content": "<@1> again"})
        assert stage.discord.pings == [(message, "<@1>")]


async def test_replying_to_nothing_is_refused_unless_it_may_fail() -> None:
    async with set_stage() as stage:
        gone = {"message_id": "1"}
        assert (await stage.api.send(stage.channel, "a", message_reference=gone)).code == 50035
        reference = gone | {"fail_if_not_exists": False}
        assert (await stage.api.send(stage.channel, "a", message_reference=reference)).status == 200
        stage.channel.overwrite(stage.guild.me, deny=Permission.READ_MESSAGE_HISTORY)
        assert (await stage.api.send(stage.channel, "a", message_reference=reference)).code == 160002
