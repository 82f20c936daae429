"""Rate limits and ordered faults, and what the real client makes of them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.discord_world.parrot import parrot_in
from tests.discord_world.raw_client import QUIET
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world import FakeDiscord, RateLimits

CREATE = "POST /channels/{channel_id}/messages"


async def test_buckets_tell_what_is_left() -> None:
    async with set_stage(RateLimits({CREATE: (2, 60.0)})) as stage:
        other = stage.guild.add_channel("other")
        replies = [await stage.api.send(stage.channel) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["1", "0", "0"]
        refused = replies[-1]
        assert refused.headers["Via"]
        assert 0 < refused.body["retry_after"] <= 60
        assert (refused.body["global"], refused.headers["X-RateLimit-Scope"]) == (False, "user")
        assert refused.headers["X-RateLimit-Bucket"] == replies[0].headers["X-RateLimit-Bucket"]
        assert (await stage.api.send(other)).status == 200
        stage.discord.advance(61)
        assert (await stage.api.send(stage.channel)).status == 200
        assert stage.discord.rest.limits.exceeded == {CREATE: 1}


async def test_the_real_client_keeps_to_the_buckets_it_is_told_of() -> None:
    async with FakeDiscord.open(RateLimits({CREATE: (3, 0.1)})) as discord:
        guild = discord.add_guild()
        channel = guild.add_channel()
        async with parrot_in(discord) as client:
            place = client.get_partial_messageable(channel.id, guild_id=guild.id)
            for number in range(8):
                await place.send(f"{number}")
        assert [message.content for message in channel.messages] == [str(number) for number in range(8)]
        assert discord.rest.limits.exceeded == {}


async def test_the_global_limit_spares_interactions() -> None:
    async with set_stage(RateLimits(global_per_second=2)) as stage:
        replies = [await stage.api("GET", "/users/@me") for _ in range(3)]
        assert replies[-1].status == 429
        assert (replies[-1].body["global"], replies[-1].headers["X-RateLimit-Global"]) == (True, "true")
        hook = await stage.api("POST", f"/webhooks/{stage.discord.bot.id}/unknown", QUIET | {"content": "a"})
        assert hook.status == 401


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_the_real_client_waits_out_a_429(scope: str) -> None:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel, ada = guild.add_channel(), guild.add_member("Ada")
        async with parrot_in(discord):
            discord.faults.rate_limit(CREATE, times=2, retry_after_s=0.01, scope=scope)
            shown = await ada.slash(channel, "repeat", words="Once", times=2)
            thread = await discord.until(lambda: shown.message.thread)
            await discord.until(lambda: [message.content for message in thread.messages] == ["OnceOnce"])
            assert discord.rest.statuses()[429] == 2


async def test_faults_strike_as_often_as_ordered_and_where() -> None:
    async with set_stage() as stage:
        stage.discord.faults.server_error("POST *messages", times=2, status=503)
        assert (await stage.api("GET", "/users/@me")).status == 200
        assert [(await stage.api.send(stage.channel)).status for _ in range(3)] == [503, 503, 200]
        assert len(stage.channel.messages) == 1


async def test_downloads_can_fail() -> None:
    async with set_stage() as stage:
        url = stage.discord.world.keep_file("a.txt", b"hello", "text/plain").url
        stage.discord.faults.server_error("GET /attachments", status=503)
        async with aiohttp.ClientSession() as session:
            statuses = []
            for _ in range(2):
                async with session.get(url) as response:
                    statuses.append(response.status)
        assert statuses == [503, 200]


async def test_an_answer_can_be_lost_after_its_effect() -> None:
    async with set_stage() as stage:
        stage.discord.faults.server_error(CREATE, after_effect=True)
        stage.discord.faults.drop(CREATE, after_effect=True)
        stage.discord.faults.drop(CREATE)
        assert (await stage.api.send(stage.channel, "one")).status == 502
        for content in ("two", "three"):
            with pytest.raises(aiohttp.ClientError):
                await stage.api.send(stage.channel, content)
        assert [message.content for message in stage.channel.messages] == ["one", "two"]


async def test_a_nonce_makes_a_repeat_after_a_lost_answer_harmless() -> None:
    async with set_stage() as stage:
        stage.discord.faults.drop(CREATE, after_effect=True)
        with pytest.raises(aiohttp.ClientError):
            await stage.api.send(stage.channel, nonce="n1", enforce_nonce=True)
        assert (await stage.api.send(stage.channel, nonce="n1", enforce_nonce=True)).status == 200
        assert len(stage.channel.messages) == 1


async def test_a_gate_holds_requests_until_it_opens() -> None:
    async with set_stage() as stage:
        gate = stage.discord.faults.hold("POST *messages")
        sending = asyncio.create_task(stage.api.send(stage.channel))
        await stage.discord.until(lambda: gate.held)
        assert stage.channel.messages == []
        gate.open()
        assert (await sending).status == 200


async def test_chance_is_seeded() -> None:
    async def strikes(seed: int) -> list[int]:
        async with set_stage() as stage:
            stage.discord.faults.random(seed, rate=0.5, retry_after_s=0.001)
            return [(await stage.api("GET", "/users/@me")).status for _ in range(60)]

    first = await strikes(7)
    assert first == await strikes(7) != await strikes(8)
    assert set(first) == {200, 429, 500, 502}


async def test_clearing_ends_all_trouble() -> None:
    async with set_stage() as stage:
        stage.discord.faults.server_error(times=99)
        stage.discord.faults.random(1, rate=1.0)
        stage.discord.faults.clear()
        assert (await stage.api("GET", "/users/@me")).status == 200
