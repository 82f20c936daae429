"""Permissions, threads, reactions and direct messages are refused and granted as Discord does it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.discord_world.raw_client import QUIET, reasons
from tests.discord_world.stage import Stage, set_stage
from tests.fakes.discord_world import Kind, Permission


async def start_thread(stage: Stage, message_id: int, **body: Any) -> Any:
    path = f"/channels/{stage.channel.id}/messages/{message_id}/threads"
    return await stage.api("POST", path, {"name": "Once upon"} | body)


async def react(stage: Stage, channel_id: int, message_id: int, emoji: str = "🔁") -> Any:
    return await stage.api("PUT", f"/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")


async def test_overwrites_apply_from_everyone_over_roles_to_the_member() -> None:
    async with set_stage() as stage:
        guild, me = stage.guild, stage.guild.me
        readers, writers = guild.add_role("readers"), guild.add_role("writers")
        me.give(readers, writers)
        channel = guild.add_channel("rules", overwrites={guild.everyone: (0, Permission.SEND_MESSAGES)})
        sends = Permission.SEND_MESSAGES
        assert not me.permissions_in(channel) & sends
        channel.overwrite(readers, deny=sends)
        channel.overwrite(writers, allow=sends)
        assert me.permissions_in(channel) & sends
        channel.overwrite(me, deny=sends)
        assert not me.permissions_in(channel) & sends
        assert not me.permissions_in(channel) & Permission.EMBED_LINKS
        me.give(guild.add_role("admins", Permission.ADMINISTRATOR))
        assert me.permissions_in(channel) & sends


@pytest.mark.parametrize(
    ("missing", "code"), [(Permission.VIEW_CHANNEL, 50001), (Permission.SEND_MESSAGES, 50013)], ids=["view", "send"]
)
async def test_sending_needs_its_permissions(missing: Permission, code: int) -> None:
    async with set_stage() as stage:
        stage.channel.overwrite(stage.guild.me, deny=missing)
        reply = await stage.api.send(stage.channel)
        assert (reply.status, reply.code) == (403, code)


async def test_embeds_without_permission_are_left_out_and_files_refused() -> None:
    async with set_stage() as stage:
        stage.channel.overwrite(stage.guild.me, deny=Permission.EMBED_LINKS)
        message = await stage.api.sent(stage.channel, embeds=[{"title": "chart"}])
        assert message.embeds == []


async def test_unknown_places_and_others_messages() -> None:
    async with set_stage() as stage:
        assert (await stage.api("GET", "/channels/1")).code == 10003
        assert (await stage.api("GET", f"/channels/{stage.channel.id}/messages/1")).code == 10008
        assert (await stage.api("GET", "/guilds/1")).code == 10004
        theirs = await stage.ada.say(stage.channel, "mine")
        path = f"/channels/{stage.channel.id}/messages/{theirs.id}"
        assert (await stage.api("PATCH", path, QUIET | {"content": "a"})).code == 50005
        assert (await stage.api("DELETE", path)).code == 50013
        read = await stage.api("GET", path)
        assert (read.status, read.body["content"]) == (200, "")


async def test_a_message_has_one_thread_with_its_own_id() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        reply = await start_thread(stage, message.id)
        assert (reply.status, reply.body["id"]) == (201, str(message.id))
        assert (await start_thread(stage, message.id)).code == 160004
        assert message.thread is not None
        await stage.api.sent(message.thread, "in it")
        assert [each.content for each in message.thread.messages] == ["in it"]
        assert stage.channel.threads == [message.thread]
        assert (await stage.api("GET", f"/channels/{message.thread.id}")).body["message_count"] == 1


async def test_threads_start_only_where_they_can() -> None:
    async with set_stage() as stage:
        stage.channel.overwrite(stage.guild.me, deny=Permission.CREATE_PUBLIC_THREADS)
        message = await stage.api.sent(stage.channel)
        assert (await start_thread(stage, message.id)).code == 50013
        direct = stage.discord.direct_channel(stage.ada.user)
        private = await stage.api.sent(direct)
        path = f"/channels/{direct.id}/messages/{private.id}/threads"
        assert (await stage.api("POST", path, {"name": "a"})).code == 50024
        stage.channel.overwrite(stage.guild.me)
        stage.discord.world.active_threads = 0
        assert (await start_thread(stage, message.id)).code == 160006


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": ""}, "name: Must be between 1 and 100"),
        ({"name": "  "}, "name: Must be between 1 and 100"),
        ({"name": "x" * 101}, "name: Must be between 1 and 100"),
        ({"auto_archive_duration": 61}, "auto_archive_duration: Value must be one of"),
        ({"rate_limit_per_user": 21601}, "rate_limit_per_user: Value must be"),
    ],
)
async def test_rules_on_threads(body: dict[str, Any], reason: str) -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        assert (await start_thread(stage, message.id, **body)).code == 50035
        assert reason in reasons(stage.discord)
        await start_thread(stage, message.id, auto_archive="1440")
        assert "auto_archive: unknown key" in reasons(stage.discord)
        path = f"/channels/{message.id}"
        assert (await stage.api("PATCH", path, {"name": "x" * 101, "closed": True})).code == 50035
        told = reasons(stage.discord)
        assert "name: Must be between 1 and 100" in told
        assert "closed: unknown key" in told


async def test_talking_in_a_thread_has_a_permission_of_its_own() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        await start_thread(stage, message.id)
        assert message.thread is not None
        stage.channel.overwrite(stage.guild.me, deny=Permission.SEND_MESSAGES)
        assert (await stage.api.send(message.thread)).status == 200
        stage.channel.overwrite(stage.guild.me, deny=Permission.SEND_MESSAGES_IN_THREADS)
        assert (await stage.api.send(message.thread)).code == 50013


async def test_archived_and_locked_threads() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        await start_thread(stage, message.id)
        assert message.thread is not None
        thread = message.thread
        inside = await stage.api.sent(thread, "in it")
        thread.archive()
        path = f"/channels/{thread.id}/messages/{inside.id}"
        assert (await stage.api("PATCH", path, QUIET | {"content": "a"})).code == 50083
        assert (await react(stage, thread.id, inside.id)).code == 50083
        assert (await stage.api.send(thread)).status == 200
        assert not thread.archived
        thread.archive(locked=True)
        assert (await stage.api.send(thread)).code == 160005
        assert (await stage.api("PATCH", f"/channels/{thread.id}", {"archived": False})).code == 50013


async def test_the_invite_can_be_all_the_bot_has() -> None:
    async with set_stage() as stage:
        invited = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES
        bare = stage.discord.add_guild("Bare", bot_permissions=invited, everyone=0)
        channel = bare.add_channel()
        ada = bare.add_member("Ada")
        assert (bare.me.permissions, ada.permissions) == (invited, 0)
        message = await stage.api.sent(channel)
        path = f"/channels/{channel.id}/messages/{message.id}"
        assert (await stage.api("POST", f"{path}/threads", {"name": "a"})).code == 50013
        assert (await react(stage, channel.id, message.id)).code == 50013


async def test_idle_threads_are_archived_in_time() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        await start_thread(stage, message.id, auto_archive_duration=60)
        thread = message.thread
        assert thread is not None
        stage.discord.advance(59 * 60)
        await stage.api.sent(thread, "still here")
        stage.discord.advance(59 * 60)
        archived = [thread.archived]
        stage.discord.advance(2 * 60)
        archived.append(thread.archived)
        assert archived == [False, True]
        reply = await stage.api("PATCH", f"/channels/{thread.id}", {"archived": False})
        assert reply.body["thread_metadata"]["archived"] is False


async def test_forums_take_posts_and_no_messages() -> None:
    async with set_stage() as stage:
        forum = stage.guild.add_channel("ideas", Kind.FORUM)
        assert (await stage.api.send(forum)).code == 50008
        first = {"content": "first", "allowed_mentions": {"parse": []}}
        reply = await stage.api("POST", f"/channels/{forum.id}/threads", {"name": "idea", "message": first})
        assert reply.status == 201
        assert [message.content for message in forum.threads[0].messages] == ["first"]
        assert forum.threads[0].id == forum.threads[0].messages[0].id
        assert reasons(stage.discord) == ""


async def test_reactions_need_history_and_twenty_are_the_most() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        for number in range(20):
            assert (await react(stage, stage.channel.id, message.id, chr(0x1F600 + number))).status == 204
        assert (await react(stage, stage.channel.id, message.id, "🔁")).code == 30010
        assert (await react(stage, stage.channel.id, message.id, "word")).code == 10014
        stage.channel.overwrite(stage.guild.me, deny=Permission.ADD_REACTIONS)
        await stage.ada.react(message, "🔁")
        assert (await react(stage, stage.channel.id, message.id, "🎲")).code == 50013
        assert (await react(stage, stage.channel.id, message.id, "🔁")).status == 204
        stage.channel.overwrite(stage.guild.me, deny=Permission.READ_MESSAGE_HISTORY)
        assert (await react(stage, stage.channel.id, message.id, "🔁")).code == 50013
        at = f"/channels/{stage.channel.id}/messages/{message.id}/reactions/🔁"
        assert (await stage.api("DELETE", f"{at}/{stage.ada.id}")).code == 50013
        assert (await stage.api("DELETE", f"{at}/@me")).status == 204
        assert message.reactions["🔁"] == [stage.ada.user]


async def test_direct_messages_may_be_closed() -> None:
    async with set_stage() as stage:
        reply = await stage.api("POST", "/users/@me/channels", {"recipient_id": str(stage.ada.id)})
        channel = stage.discord.direct_channel(stage.ada.user)
        assert reply.body["id"] == str(channel.id)
        assert (await stage.api.send(channel)).status == 200
        stage.ada.user.accepts_messages = False
        refused = await stage.api.send(channel)
        assert (refused.status, refused.code) == (403, 50007)


async def test_history_pages_both_ways() -> None:
    async with set_stage() as stage:
        messages = [await stage.api.sent(stage.channel, f"{number}") for number in range(5)]
        path = f"/channels/{stage.channel.id}/messages"
        newest = await stage.api("GET", path, limit="2")
        assert [each["content"] for each in newest.body] == ["4", "3"]
        before = await stage.api("GET", path, before=str(messages[2].id))
        assert [each["content"] for each in before.body] == ["1", "0"]
        after = await stage.api("GET", path, after=str(messages[1].id), limit="2")
        assert [each["content"] for each in after.body] == ["3", "2"]


async def test_whoever_is_not_the_bot_gets_in_nowhere() -> None:
    async with set_stage() as stage:
        stage.discord.world.token = "another"
        assert (await stage.api("GET", "/users/@me")).status == 401
        assert (await stage.api("GET", "/users/@me")).body == {"message": "401: Unauthorized", "code": 0}
        assert stage.discord.rest.invalid_requests == 2


async def test_a_client_must_name_itself() -> None:
    async with set_stage() as stage:
        headers = {"Authorization": f"Bot {stage.discord.token}"}
        url = stage.discord.api_url + "/users/@me"
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
            assert response.status == 200
        assert "User-Agent" in reasons(stage.discord)


async def test_routes_that_are_not_there() -> None:
    async with set_stage() as stage:
        assert (await stage.api("GET", "/channel/1")).status == 404
        assert (await stage.api("PUT", f"/channels/{stage.channel.id}/messages")).status == 405
        told = reasons(stage.discord)
        assert "no such route" in told
        assert "no such method (there is GET, POST)" in told
