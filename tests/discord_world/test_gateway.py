"""The real client at the gateway: resuming, being refused, shards, and what it hears."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord as dpy
import pytest

from tests.discord_world.parrot import INTENTS, Parrot, parrot_in
from tests.discord_world.raw_client import reasons
from tests.fakes.discord_world import FakeDiscord, Permission
from tests.fakes.discord_world.client import pointed_at
from tests.fakes.discord_world.gateway.gateway import Gateway

Trouble = Callable[[Gateway], None]
RESUMABLE: dict[str, Trouble] = {
    "a lost network": lambda gateway: gateway.drop(),
    "a close": lambda gateway: gateway.close(4000),
    "being asked to reconnect": lambda gateway: gateway.ask_to_reconnect(),
}


@pytest.mark.parametrize("trouble", RESUMABLE)
async def test_what_happened_meanwhile_is_replayed(trouble: str) -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        async with parrot_in(discord):
            first = await ada.slash(channel, "repeat", words="one")
            RESUMABLE[trouble](discord.gateway)
            second = await ada.slash(channel, "repeat", words="two")
            assert (discord.gateway.resumes, len(discord.gateway.identifies)) == (1, 1)
            assert await discord.until(lambda: second.message.thread)
            assert first.message.id != second.message.id


async def test_a_session_that_is_lost_begins_anew() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        async with parrot_in(discord):
            discord.gateway.forget_sessions()
            discord.gateway.drop()
            await discord.until(lambda: len(discord.gateway.identifies) == 2)
            assert await ada.slash(channel, "repeat", words="again")


async def test_a_second_process_hears_the_same() -> None:
    """As during a rolling update: Discord does not choose between them."""
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        first, second = Listening(), Listening()
        async with parrot_in(discord, first), parrot_in(discord, second):
            message = await ada.say(channel, "hello")
            await ada.react(message, "🔁")
            await discord.until(lambda: all("MESSAGE_REACTION_ADD" in each.heard for each in (first, second)))


async def test_what_is_refused_reaches_the_bot_as_it_should() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel = guild.add_channel()
        async with parrot_in(discord) as client:
            place = client.get_partial_messageable(channel.id, guild_id=guild.id)
            message = await place.send("hello")
            channel.overwrite(guild.me, deny=Permission.CREATE_PUBLIC_THREADS)
            with pytest.raises(dpy.Forbidden) as forbidden:
                await message.create_thread(name="a")
            assert forbidden.value.code == 50013
            await discord.bot.delete(channel.messages[0])
            with pytest.raises(dpy.NotFound) as gone:
                await message.edit(content="more")
            assert gone.value.code == 10008
            with pytest.raises(dpy.HTTPException, match="Must be 2000 or fewer in length"):
                await place.send("x" * 2001)


async def test_privileged_intents_are_refused() -> None:
    async with FakeDiscord.open() as discord:
        with pytest.raises(dpy.PrivilegedIntentsRequired):
            async with parrot_in(discord, Parrot(dpy.Intents.all())):
                pass
        assert discord.gateway.closed_with == [4014]
        assert "privileged intents" in reasons(discord)


async def test_a_wrong_token_is_refused_at_once() -> None:
    async with FakeDiscord.open() as discord:
        with pointed_at(discord):
            async with Parrot() as client:
                with pytest.raises(dpy.LoginFailure):
                    await client.start("wrong")


async def test_each_guild_belongs_to_one_shard() -> None:
    async with FakeDiscord.open() as discord:
        discord.world.shards = 2
        guilds = [discord.add_guild(f"guild {number}") for number in range(4)]
        async with parrot_in(discord) as client:
            assert isinstance(client, dpy.AutoShardedClient)
            shards = sorted(session.shard for session in discord.gateway.sessions)
            assert shards == [(0, 2), (1, 2)]
            assert {guild.id for guild in client.guilds} == {guild.id for guild in guilds}
            assert {guild.shard_id for guild in client.guilds} == {0, 1}
            for guild in guilds:
                shown = await guild.add_member("Ada").slash(guild.add_channel(), "repeat", words="hi")
                await discord.settle()
                assert shown.message.thread
        assert discord.violations == []


async def test_a_guild_can_be_joined_and_left_while_running() -> None:
    async with FakeDiscord.open() as discord, parrot_in(discord) as client:
        guild = discord.add_guild("Later")
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        assert await ada.slash(channel, "repeat", words="hi")
        assert client.get_guild(guild.id) is not None
        guild.remove_bot()
        await discord.settle()
        assert client.get_guild(guild.id) is None


async def test_a_gateway_that_falls_silent_is_left() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        discord.gateway.heartbeat_ms = 30
        async with parrot_in(discord, Parrot(heartbeat_timeout=0.1)):
            await discord.until(lambda: discord.gateway.heartbeats > 2)
            discord.gateway.answers_heartbeats = False
            await discord.until(lambda: discord.gateway.resumes)
            discord.gateway.answers_heartbeats = True
            assert await ada.slash(channel, "repeat", words="hi")


async def test_the_bot_hears_of_its_own_permissions() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, loud = guild.add_channel(), guild.add_role("loud")
        async with parrot_in(discord) as client:
            changed = asyncio.create_task(client.wait_for("guild_role_update", timeout=5))
            await asyncio.sleep(0)
            guild.me.give(loud)
            loud.change(Permission.MENTION_EVERYONE)
            await changed
            here = client.get_channel(channel.id)
            assert isinstance(here, dpy.TextChannel)
            assert here.permissions_for(here.guild.me).mention_everyone


class Listening(Parrot):
    def __init__(self, intents: dpy.Intents = INTENTS) -> None:
        super().__init__(intents)
        self.heard: list[str] = []

    async def on_socket_event_type(self, event: str) -> None:
        self.heard.append(event)


async def test_only_what_was_asked_for_and_may_be_seen_is_heard() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, hidden = guild.add_channel(), guild.add_channel("hidden")
        hidden.overwrite(guild.me, deny=Permission.VIEW_CHANNEL)
        ada = guild.add_member("Ada")
        listening = Listening()
        async with parrot_in(discord, listening):
            listening.heard.clear()
            unseen = await ada.say(hidden, "secret")
            await ada.react(unseen, "🔁")
            message = await ada.say(channel, "hello")
            await ada.react(message, "🎲")
            await discord.until(lambda: discord.bot in message.reactions.get("🎲", []))
            assert discord.bot not in unseen.reactions["🔁"]
        assert set(listening.heard) == {"MESSAGE_REACTION_ADD"}


async def test_others_words_are_blank_without_the_content_intent() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        client = Parrot(dpy.Intents(guilds=True, guild_messages=True, dm_messages=True))
        heard: asyncio.Queue[str] = asyncio.Queue()

        @client.event
        async def on_message(message: dpy.Message) -> None:
            heard.put_nowait(message.content)

        async with parrot_in(discord, client):
            await ada.say(channel, "hello")
            await ada.say(channel, f"{discord.bot.mention} hello")
            await ada.say(discord.direct_channel(ada.user), "psst")
            said = [await heard.get() for _ in range(3)]
        assert said == ["", f"{discord.bot.mention} hello", "psst"]


@asynccontextmanager
async def raw_socket(discord: FakeDiscord, query: str = "") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(discord.gateway_url + query) as socket:
        yield socket


async def identify(discord: FakeDiscord, socket: aiohttp.ClientWebSocketResponse, **fields: Any) -> None:
    await socket.receive()
    await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": 1, "properties": {}} | fields})


async def test_plain_and_compressed_frames() -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        async with raw_socket(discord) as socket:
            await identify(discord, socket)
            assert [(await socket.receive_json())["t"] for _ in range(2)] == ["READY", "GUILD_CREATE"]
        async with raw_socket(discord, "?compress=zlib-stream") as socket:
            frame = await socket.receive()
            assert frame.data.endswith(b"\x00\x00\xff\xff")
            assert json.loads(zlib.decompressobj().decompress(frame.data))["op"] == 10
        assert guild.payload()["members"][0]["user"]["id"] == str(discord.bot.id)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("no json", 4002),
        (json.dumps({"op": 1, "d": "x" * 4096}), 4002),
        (json.dumps({"op": 4, "d": {}}), 4003),
        (json.dumps({"op": 2, "d": {"token": "wrong", "intents": 1}}), 4004),
        (json.dumps({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 0}}), 4004),
    ],
)
async def test_a_client_that_breaks_the_rules_is_closed(sent: str, code: int) -> None:
    async with FakeDiscord.open() as discord, raw_socket(discord) as socket:
        await socket.receive()
        await socket.send_str(sent)
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code
        assert reasons(discord)


async def test_a_hundred_and_twenty_sends_a_minute_are_the_most() -> None:
    async with FakeDiscord.open() as discord, raw_socket(discord) as socket:
        await socket.receive()
        for _ in range(121):
            await socket.send_json({"op": 1, "d": None})
        for _ in range(120):
            assert (await socket.receive_json())["op"] == 11
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4008
        assert "more than 120 payloads" in reasons(discord)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"shard": [2, 2]}, 4010), ({"intents": 1 << 40}, 4013), ({"intents": 1 << 15}, 4014), ({"intents": None}, 4013)],
)
async def test_identifying_wrongly(fields: dict[str, Any], code: int) -> None:
    async with FakeDiscord.open() as discord, raw_socket(discord) as socket:
        await identify(discord, socket, **fields)
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code


async def test_identifying_twice() -> None:
    async with FakeDiscord.open() as discord, raw_socket(discord) as socket:
        await identify(discord, socket)
        await identify(discord, socket)
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 4005


async def test_a_closed_session_cannot_be_resumed() -> None:
    async with FakeDiscord.open() as discord:
        async with raw_socket(discord) as socket:
            await identify(discord, socket)
            ready = await socket.receive_json()
            await socket.close(code=1000)
        await discord.until(lambda: discord.gateway.sessions[0].lost)
        async with raw_socket(discord) as socket:
            await socket.receive()
            token, session = discord.token, ready["d"]["session_id"]
            await socket.send_json({"op": 6, "d": {"token": token, "session_id": session, "seq": 1}})
            assert await socket.receive_json() == {"op": 9, "d": False, "s": None, "t": None}
