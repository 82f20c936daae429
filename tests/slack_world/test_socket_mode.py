"""Socket Mode as the real client lives through it, and as a bare socket sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_world import FakeSlack, NoAnswer
from tests.slack_world.parrot import parrot, parrot_in
from tests.slack_world.stage import Stage, set_stage


async def socket_url(slack: FakeSlack) -> str:
    api = AsyncWebClient(base_url=slack.api_url)
    return str((await api.apps_connections_open(app_token=slack.app_token))["url"])


@asynccontextmanager
async def bare_socket(stage: Stage) -> AsyncIterator[Socket]:
    async with aiohttp.ClientSession() as session, session.ws_connect(await socket_url(stage.slack)) as connection:
        socket = Socket(connection)
        assert (await socket.next())["type"] == "hello"
        yield socket


class Socket:
    """One that acknowledges only when told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> dict[str, Any]:
        held: dict[str, Any] = json.loads((await self.socket.receive(timeout=5)).data)
        return held

    async def ack(self, envelope: dict[str, Any], **more: Any) -> None:
        await self.socket.send_json({"envelope_id": envelope["envelope_id"]} | more)


async def test_hello_and_envelopes() -> None:
    async with set_stage() as stage, aiohttp.ClientSession() as session:
        url = await socket_url(stage.slack)
        async with session.ws_connect(url) as connection:
            socket = Socket(connection)
            hello = await socket.next()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"]["app_id"] == stage.slack.app.id
            asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat", "a & b"))
            envelope = await socket.next()
            assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
            assert envelope["payload"]["text"] == "a &amp; b"
            await socket.ack(envelope, payload={"text": "soon"})
            shown = await asking
            assert (shown.text, shown.ack_payload) == ("soon", {"text": "soon"})
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await session.ws_connect(url)


async def test_events_come_again_until_they_are_acknowledged() -> None:
    async with set_stage() as stage, bare_socket(stage) as socket:
        await stage.ada.mention(stage.channel, "hello")
        first = await socket.next()
        assert first["retry_attempt"] == 0
        stage.slack.advance(3.1)
        second = await socket.next()
        assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
        assert second["payload"]["event_id"] == first["payload"]["event_id"]
        stage.slack.advance(3.1)
        stage.slack.advance(60)
        third = await socket.next()
        assert third["retry_attempt"] == 2
        await socket.ack(third)
        delivery = stage.slack.delivery("app_mention")
        await stage.slack.until(lambda: delivery.acked)
        stage.slack.advance(1000)
        assert (delivery.attempts, delivery.acks) == (2, 1)


async def test_an_event_is_given_up_after_three_retries() -> None:
    async with set_stage() as stage, bare_socket(stage):
        await stage.ada.mention(stage.channel, "hello")
        for _ in range(8):
            stage.slack.advance(100)
        delivery = stage.slack.delivery("app_mention")
        assert (delivery.attempts, delivery.failed, delivery.acked) == (3, "timeout", False)


async def test_what_a_broken_connection_left_open_comes_over_the_next() -> None:
    async with set_stage() as stage:
        async with bare_socket(stage) as socket:
            await stage.ada.mention(stage.channel, "hello")
            asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat"))
            first = [await socket.next() for _ in range(2)]
        async with bare_socket(stage) as socket:
            again = [await socket.next() for _ in range(2)]
            assert {each["type"] for each in again} == {"events_api", "slash_commands"}
            assert {(each["retry_attempt"], each["retry_reason"]) for each in again} == {(1, "connection_failed")}
            triggers = [each["payload"].get("trigger_id", "") for each in (*first, *again)]
            assert len(set(triggers)) == 2
            for each in again:
                await socket.ack(each)
            await asking
            await stage.slack.settle(0.01)


async def test_an_acknowledgement_may_come_over_the_next_connection() -> None:
    async with set_stage() as stage:
        async with bare_socket(stage) as socket:
            asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat"))
            envelope = await socket.next()
        async with bare_socket(stage) as socket:
            await socket.ack(envelope)
            await asking
            await socket.ack(envelope)
            await stage.slack.until(lambda: stage.slack.socket.stray_acks)


async def test_people_wait_a_moment_for_the_next_connection() -> None:
    async with set_stage() as stage:
        async with bare_socket(stage):
            pass
        await stage.slack.until(lambda: not stage.slack.socket.connections)
        asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat"))
        await stage.slack.until(lambda: stage.slack.deliveries)
        async with bare_socket(stage) as socket:
            await socket.ack(await socket.next())
            await asking


async def test_three_seconds_for_a_command() -> None:
    async with set_stage() as stage, bare_socket(stage) as socket:
        asking = asyncio.create_task(stage.ada.slash(stage.channel, "/repeat"))
        envelope = await socket.next()
        stage.slack.advance(3.1)
        with pytest.raises(NoAnswer, match="operation_timeout"):
            await asking
        await socket.ack(envelope)
        await stage.slack.until(lambda: stage.slack.ack_seconds)
        assert stage.slack.ack_seconds[0] > 3


async def test_where_no_bot_ever_was_commands_fail_at_once() -> None:
    async with set_stage() as stage:
        with pytest.raises(NoAnswer, match="dispatch_failed"):
            await stage.ada.slash(stage.channel, "/repeat")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("nonsense", "not an acknowledgement"),
        ('{"hello": 1}', "not an acknowledgement"),
        ('{"envelope_id": "1", "body": {}}', "unknown keys"),
    ],
)
async def test_odd_frames_are_told(sent: str, reason: str) -> None:
    async with set_stage() as stage, bare_socket(stage) as socket:
        await socket.socket.send_str(sent)
        await stage.slack.until(lambda: stage.slack.violations)
        assert reason in stage.reasons[0]


async def test_an_event_takes_no_payload_and_strays_are_kept() -> None:
    async with set_stage() as stage, bare_socket(stage) as socket:
        await socket.ack({"envelope_id": "unknown"})
        await stage.ada.mention(stage.channel, "hello")
        await socket.ack(await socket.next(), payload={"text": "a"})
        await stage.slack.until(lambda: stage.slack.violations)
        assert stage.slack.socket.stray_acks == ["unknown"]


async def test_no_more_than_ten_connections() -> None:
    async with set_stage() as stage, aiohttp.ClientSession() as session:
        there = [Socket(await session.ws_connect(await socket_url(stage.slack))) for _ in range(11)]
        told = [await each.next() for each in there]
        assert [each["type"] for each in told] == ["hello"] * 10 + ["disconnect"]
        assert told[-1]["reason"] == "too_many_websockets"


async def reconnected(stage: Stage, hellos: int) -> None:
    await stage.slack.until(lambda: stage.slack.socket.hellos > hellos and stage.slack.socket.usable)


async def test_the_real_client_follows_disconnects_and_drops() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        for leave in (stage.slack.socket.disconnect, stage.slack.socket.refresh):
            hellos = stage.slack.socket.hellos
            await leave()
            await reconnected(stage, hellos)
            shown = await stage.ada.slash(stage.channel, "/repeat", "Once")
            await stage.slack.until(lambda shown=shown: shown.text)
        hellos = stage.slack.socket.hellos
        stage.slack.socket.drop()
        await reconnected(stage, hellos)
        assert await stage.ada.slash(stage.channel, "/repeat", "Once")
        assert stage.reasons == []


async def test_several_connections_share_the_work() -> None:
    async with set_stage() as stage:
        handlers = [AsyncSocketModeHandler(parrot(stage.api), stage.slack.app_token) for _ in range(2)]
        for handler in handlers:
            await handler.connect_async()
        await stage.slack.until(lambda: len(stage.slack.socket.usable) == 2)
        for number in range(4):
            shown = await stage.ada.slash(stage.channel, "/repeat", str(number))
            await stage.slack.until(lambda shown=shown: shown.text)
        for handler in handlers:
            await handler.close_async()
        assert len(stage.channel.roots) == 4


async def test_redelivery_is_told_by_retry_attempt() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        await stage.ada.mention(stage.channel, "hello")
        delivery = stage.slack.delivery("app_mention")
        await stage.slack.until(lambda: delivery.acked)
        await stage.slack.redeliver(delivery)
        assert (delivery.attempts, delivery.acks) == (1, 2)
        # The parrot does not look, and says it twice.
        await stage.slack.until(lambda: len(stage.channel.messages) == 3)


async def test_a_silent_connection_answers_nothing() -> None:
    async with set_stage() as stage, bare_socket(stage) as first:
        await first.socket.ping(b"there?")
        stage.slack.socket.fall_silent()
        await stage.ada.mention(stage.channel, "hello")
        await first.socket.ping(b"and now?")
        with pytest.raises(TimeoutError):
            await first.socket.receive(timeout=0.05)
        stage.slack.advance(3.1)
        async with bare_socket(stage) as second:
            # Slack does not know that the first is dead: it takes turns.
            stage.slack.advance(60)
            stage.slack.advance(300)
            envelope = await second.next()
            assert envelope["retry_attempt"] > 0
            await second.ack(envelope)


@pytest.mark.slow
async def test_the_real_client_leaves_a_silent_connection() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        hellos = stage.slack.socket.hellos
        stage.slack.socket.fall_silent()
        await reconnected(stage, hellos)
