"""Tokens, scopes, arguments, channels and people."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_world import FakeSlack
from tests.slack_world.stage import QUIET, Stage, error_of, set_stage


async def raw(stage: Stage, method: str, token: str | None = None, **request: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.slack.api_url + method, headers=headers, **request) as response,
    ):
        return json.loads(await response.text())


async def test_it_knows_who_asks() -> None:
    async with set_stage() as stage:
        told = await stage.api.auth_test()
        assert (told["team_id"], told["user_id"]) == (stage.team.id, stage.team.bot.id)
        assert "chat:write" in told.headers["x-oauth-scopes"]
        assert (await raw(stage, "auth.test"))["error"] == "not_authed"
        assert (await raw(stage, "auth.test", "xoxb-other"))["error"] == "invalid_auth"
        assert (await raw(stage, "auth.test", stage.slack.app_token))["error"] == "not_allowed_token_type"
        assert (await raw(stage, "apps.connections.open", stage.team.bot_token))["error"] == "not_allowed_token_type"
        assert (await raw(stage, "auth.test", data={"token": stage.team.bot_token}))["ok"]
        assert stage.reasons == []


async def test_tokens_end() -> None:
    async with set_stage() as stage:
        stage.team.revoke_token()
        assert await error_of(stage.api.auth_test()) == "token_revoked"
        stage.team.uninstall()
        assert await error_of(stage.api.auth_test()) == "account_inactive"


async def test_scopes_are_needed() -> None:
    async with set_stage(scopes=("commands",)) as stage:
        told = await raw(stage, "chat.postMessage", stage.team.bot_token, json={"channel": "C", "text": "a"})
        assert (told["error"], told["needed"], told["provided"]) == ("missing_scope", "chat:write", "commands")
        assert await error_of(stage.api.users_info(user=stage.ada.id)) == "missing_scope"
        assert await error_of(stage.api.conversations_join(channel=stage.channel.id)) == "missing_scope"


async def test_json_where_slack_reads_none() -> None:
    async with set_stage() as stage:
        told = await raw(stage, "users.info", stage.team.bot_token, json={"user": stage.ada.id})
        assert told["error"] == "invalid_arguments"
        assert stage.reasons[0] == "users.info: does not read JSON, only forms"


async def test_a_token_in_json_is_not_read() -> None:
    async with set_stage() as stage:
        told = await raw(stage, "chat.postMessage", json={"token": stage.team.bot_token})
        assert told["error"] == "not_authed"
        assert "Slack reads no token from JSON" in stage.reasons[0]


async def test_bodies_that_cannot_be_read() -> None:
    async with set_stage() as stage:
        for kind, body, error in (
            ("application/json", b"{", "invalid_json"),
            ("application/json", b"[]", "json_not_object"),
            ("text/plain", b"channel=C", "invalid_post_type"),
        ):
            assert (await sent_as(stage, kind, body))["error"] == error


async def sent_as(stage: Stage, kind: str, body: bytes) -> dict[str, Any]:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {stage.team.bot_token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(stage.slack.api_url + "chat.postMessage", data=body, headers=headers) as response,
    ):
        return json.loads(await response.text())


async def test_forms_may_hold_structures_as_json() -> None:
    async with set_stage() as stage:
        block = {"type": "divider"}
        form = {"channel": stage.channel.id, "text": "a", "blocks": json.dumps([block]), "unfurl_links": "false"}
        form["unfurl_media"] = "0"
        assert (await raw(stage, "chat.postMessage", stage.team.bot_token, data=form))["ok"]
        assert [each["type"] for each in stage.channel.messages[0].blocks] == ["divider"]
        assert stage.reasons == []
        told = await raw(stage, "chat.postMessage", stage.team.bot_token, data=form | {"blocks": "[{"})
        assert told["error"] == "invalid_blocks_format"


async def test_unknown_methods_and_arguments_are_told() -> None:
    async with set_stage() as stage:
        assert (await raw(stage, "chat.shout", stage.team.bot_token))["error"] == "unknown_method"
        await stage.post(colour="red")
        assert stage.reasons == [
            "chat.shout: no such method in the fake",
            "chat.postMessage /colour: unknown argument",
        ]


async def test_missing_arguments_are_told() -> None:
    async with set_stage() as stage:
        told = await raw(stage, "chat.postMessage", stage.team.bot_token, json={"text": "a"})
        assert told["error"] == "invalid_arguments"
        assert told["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
        assert any("missing channel" in each for each in stage.reasons)


async def test_people() -> None:
    async with set_stage() as stage:
        boss = stage.team.add_user("Boss", primary_owner=True)
        guest = stage.team.add_user("Guest", single_channel_guest=True)
        told = (await stage.api.users_info(user=boss.id))["user"]
        assert (told["is_admin"], told["is_owner"], told["is_primary_owner"]) == (True, True, True)
        told = (await stage.api.users_info(user=guest.id))["user"]
        assert (told["is_restricted"], told["is_ultra_restricted"], told["is_admin"]) == (True, True, False)
        assert await error_of(stage.api.users_info(user="U404")) == "user_not_found"
        assert (await stage.api.team_info())["team"]["name"] == "Wonderland"
        assert (await stage.api.bots_info(bot=stage.team.bot.bot_id))["bot"]["app_id"] == stage.slack.app.id


async def test_channels_the_bot_is_not_in() -> None:
    async with set_stage() as stage:
        outside, private = (
            stage.team.add_channel("outside", bot=False),
            stage.team.add_channel("private", private=True, bot=False),
        )
        old = stage.team.add_channel("old", archived=True)
        for channel, error in ((outside, "not_in_channel"), (private, "channel_not_found"), (old, "is_archived")):
            assert await error_of(stage.api.chat_postMessage(channel=channel.id, text="a", **QUIET)) == error
        assert not (await stage.api.conversations_info(channel=outside.id))["channel"]["is_member"]
        assert await error_of(stage.api.conversations_info(channel=private.id)) == "channel_not_found"
        await stage.api.conversations_join(channel=outside.id)
        assert (await stage.api.conversations_join(channel=outside.id))["warning"] == "already_in_channel"
        assert await error_of(stage.api.conversations_join(channel=old.id)) == "is_archived"
        await stage.api.chat_postMessage(channel=outside.id, text="a", **QUIET)
        assert len(outside.messages) == 1


async def test_public_channels_are_open_to_who_may_write_everywhere() -> None:
    async with set_stage(scopes=("chat:write", "chat:write.public")) as stage:
        outside = stage.team.add_channel("outside", bot=False)
        await stage.api.chat_postMessage(channel=outside.id, text="a", **QUIET)
        assert len(outside.messages) == 1


async def test_channels_can_be_read_only() -> None:
    async with set_stage() as stage:
        stage.channel.read_only = True
        assert await error_of(stage.post()) == "restricted_action_read_only_channel"


async def test_direct_messages() -> None:
    async with set_stage() as stage:
        opened = (await stage.api.conversations_open(users=stage.ada.id))["channel"]["id"]
        posted = await stage.api.chat_postMessage(channel=stage.ada.id, text="psst", **QUIET)
        assert posted["channel"] == opened
        told = (await stage.api.conversations_info(channel=opened))["channel"]
        assert (told["is_im"], told["user"]) == (True, stage.ada.id)
        assert await error_of(stage.api.conversations_open(users="U404")) == "user_not_found"
        assert await error_of(stage.api.conversations_open(users="")) == "users_list_not_supplied"


async def test_lists_come_in_pages() -> None:
    async with set_stage() as stage:
        for number in range(4):
            stage.team.add_channel(f"room-{number}", archived=number == 3)
        first = await stage.api.conversations_list(limit=2, exclude_archived=True)
        rest = await stage.api.conversations_list(
            limit=2, exclude_archived=True, cursor=first["response_metadata"]["next_cursor"]
        )
        names = [each["name"] for each in (*first["channels"], *rest["channels"])]
        assert names == ["general", "room-0", "room-1", "room-2"]
        assert rest["response_metadata"]["next_cursor"] == ""
        members = await stage.api.conversations_members(channel=stage.channel.id)
        assert set(members["members"]) == {stage.ada.id, stage.team.bot.id}
        assert await error_of(stage.api.conversations_list(types="rooms")) == "invalid_types"


async def test_history_needs_its_scope() -> None:
    async with set_stage() as stage:
        assert await error_of(stage.api.conversations_history(channel=stage.channel.id)) == "missing_scope"
    async with set_stage(scopes=("chat:write", "channels:history")) as stage:
        root = await stage.post("root", metadata={"event_type": "a", "event_payload": {"b": "c"}})
        await stage.post("reply", thread_ts=root.ts)
        told = await stage.api.conversations_replies(channel=stage.channel.id, ts=root.ts)
        assert [each["text"] for each in told["messages"]] == ["root", "reply"]
        assert told["messages"][0]["reply_count"] == 1
        assert told["messages"][0]["metadata"]["event_type"] == "a"
        told = await stage.api.conversations_history(channel=stage.channel.id)
        assert [each["text"] for each in told["messages"]] == ["root"]


async def test_workspaces_do_not_see_each_other() -> None:
    async with FakeSlack.open() as slack:
        here, there = slack.add_workspace("Here"), slack.add_workspace("There")
        channel, bob = there.add_channel(), there.add_user("Bob")
        api = AsyncWebClient(here.bot_token, base_url=slack.api_url)
        assert await error_of(api.chat_postMessage(channel=channel.id, text="a", **QUIET)) == "channel_not_found"
        assert await error_of(api.users_info(user=bob.id)) == "user_not_found"


async def test_reactions() -> None:
    async with set_stage() as stage:
        message = await stage.post()
        where = {"channel": stage.channel.id, "timestamp": message.ts}
        await stage.api.reactions_add(name="repeat", **where)
        assert await error_of(stage.api.reactions_add(name="repeat", **where)) == "already_reacted"
        assert await error_of(stage.api.reactions_add(name=":repeat:", **where)) == "invalid_name"
        await stage.api.reactions_remove(name="repeat", **where)
        assert await error_of(stage.api.reactions_remove(name="repeat", **where)) == "no_reaction"
        gone = where | {"timestamp": "1.0"}
        assert await error_of(stage.api.reactions_add(name="repeat", **gone)) == "message_not_found"


@pytest.mark.parametrize("with_user", [True, False])
async def test_ephemerals_are_for_one_person(with_user: bool) -> None:
    async with set_stage() as stage:
        eve = stage.team.add_user("Eve", guest=not with_user)
        calling = stage.api.chat_postEphemeral(channel=stage.channel.id, user=eve.id, text="psst")
        assert await error_of(calling) == ("" if with_user else "user_not_in_channel")
        assert [each.text for each in eve.sees()] == (["psst"] if with_user else [])
        assert stage.ada.sees() == stage.channel.messages == []
