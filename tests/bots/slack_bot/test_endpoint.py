"""Calls that never end."""

from __future__ import annotations

import asyncio

from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bots.slack_bot.endpoint import event_routes


async def test_a_call_that_does_not_arrive_is_given_up() -> None:
    app = web.Application()
    app.add_routes(event_routes(AsyncApp(signing_secret="secret", token="xoxb-1"), "secret", read_within_s=0.05))
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    try:
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
        assert b"408" in await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()
        await runner.cleanup()
