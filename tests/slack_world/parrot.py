"""A small bot on the real slack_bolt, for testing the fake itself."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_world import FakeSlack, Workspace

QUIET = {"unfurl_links": False, "unfurl_media": False}
AGAIN = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "again", "value": "1", "text": {"type": "plain_text", "text": "Again"}}
    ],
}
MODAL = {
    "type": "modal",
    "callback_id": "ask",
    "title": {"type": "plain_text", "text": "Repeat"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "words",
            "label": {"type": "plain_text", "text": "Words"},
            "element": {"type": "plain_text_input", "action_id": "typed"},
        }
    ],
}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "plain_text", "text": text}}


def parrot(client: AsyncWebClient, signing_secret: str | None = None, **options: Any) -> AsyncApp:
    app = AsyncApp(
        client=client, signing_secret=signing_secret or "unused", logger=logging.getLogger("parrot"), **options
    )
    app.middleware(Once().__call__)
    app.command("/repeat")(repeat)
    app.command("/ask")(ask)
    app.action("again")(again)
    app.view("ask")(asked)
    app.shortcut("repeat_message")(repeat_message)
    app.event("app_mention")(mentioned)
    app.event("reaction_added")(reacted)
    app.event("app_home_opened")(home_opened)
    app.event("message")(ignored)
    app.event("app_uninstalled")(ignored)
    app.event("tokens_revoked")(ignored)
    return app


class Once:
    """A command that comes again after a broken connection is known by its trigger, and left alone."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    async def __call__(self, body: dict[str, Any], ack: Any, next_: Any) -> None:
        trigger = body.get("trigger_id", "")
        if trigger in self._seen:
            await ack()
            return
        if "command" in body:
            self._seen.add(trigger)
        await next_()


async def repeat(ack: Any, command: dict[str, Any], client: AsyncWebClient, respond: Any) -> None:
    await ack()
    words, channel = command["text"], command["channel_id"]
    root = await client.chat_postMessage(channel=channel, text=words, **QUIET)
    said = await client.chat_postMessage(
        channel=channel, thread_ts=root["ts"], text="…", blocks=[section("…"), AGAIN], **QUIET
    )
    await client.chat_update(
        channel=channel, ts=said["ts"], text=words, blocks=[section(words * 2), AGAIN], parse="none"
    )
    await respond(f"Said: {words}")


async def ask(ack: Any, command: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    await client.views_open(trigger_id=command["trigger_id"], view=MODAL)


async def asked(ack: Any, view: dict[str, Any]) -> None:
    typed = view["state"]["values"]["words"]["typed"]["value"]
    if typed == "bad":
        await ack(response_action="errors", errors={"words": "Not that"})
    elif typed == "more":
        await ack(response_action="update", view=MODAL | {"title": {"type": "plain_text", "text": "More"}})
    else:
        await ack()


async def again(ack: Any, body: dict[str, Any], client: AsyncWebClient, respond: Any) -> None:
    await ack()
    await client.chat_update(
        channel=body["channel"]["id"],
        ts=body["message"]["ts"],
        text="again",
        blocks=[section("again"), AGAIN],
        parse="none",
    )
    await respond("Done")


async def repeat_message(ack: Any, shortcut: dict[str, Any], respond: Any) -> None:
    await ack()
    await respond(shortcut["message"]["text"])


async def mentioned(event: dict[str, Any], client: AsyncWebClient) -> None:
    text = event["text"].partition(">")[2].strip()
    thread = event.get("thread_ts") or event["ts"]
    await client.chat_postMessage(channel=event["channel"], thread_ts=thread, text=text, **QUIET)


async def reacted(event: dict[str, Any], client: AsyncWebClient) -> None:
    item = event["item"]
    await client.reactions_add(channel=item["channel"], timestamp=item["ts"], name="eyes")


async def home_opened(event: dict[str, Any], client: AsyncWebClient) -> None:
    await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("Hello")]})


async def ignored() -> None:
    """Heard, and left alone."""


@asynccontextmanager
async def parrot_in(slack: FakeSlack, team: Workspace) -> AsyncIterator[AsyncApp]:
    """In Socket Mode."""
    app = parrot(AsyncWebClient(team.bot_token, base_url=slack.api_url))
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=1)
    await handler.connect_async()
    await slack.until(lambda: slack.socket.connections)
    try:
        yield app
    finally:
        await handler.close_async()


@asynccontextmanager
async def parrot_by_http(slack: FakeSlack, team: Workspace) -> AsyncIterator[AsyncApp]:
    app = parrot(AsyncWebClient(team.bot_token, base_url=slack.api_url), slack.signing_secret)
    async with served(app) as url:
        await slack.deliver_to(f"{url}/slack/events")
        yield app


@asynccontextmanager
async def served(app: AsyncApp) -> AsyncIterator[str]:
    runner = web.AppRunner(app.web_app("/slack/events"), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
