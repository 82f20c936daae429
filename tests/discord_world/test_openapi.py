"""The fake against Discord's own OpenAPI document, where that is at hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import QUIET, reasons
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world.rest.openapi import OpenApi
from tests.fakes.discord_world.rest.routing import ROUTES

pytestmark = pytest.mark.skipif(
    OpenApi.load() is None, reason="no discord/openapi.json beside the repository or in INKLING_TEST_SPECS"
)


def test_the_document_knows_every_route_of_the_fake() -> None:
    openapi = OpenApi.load()
    assert openapi is not None
    assert [route.key for route in ROUTES if not openapi.knows(route)] == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a text that is a number": ({"content": 5}, "OpenAPI: $.content"),
    "an id that is none": ({"content": "a", "message_reference": {"message_id": "x"}}, "OpenAPI: "),
    "a key of another type": ({"content": "a", "tts": "yes"}, "OpenAPI: $.tts"),
    "eleven embeds": ({"embeds": [{}] * 11}, "OpenAPI: $.embeds"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_requests_that_break_the_document_are_reported(wrong: str) -> None:
    body, reason = WRONG[wrong]
    async with set_stage() as stage:
        await stage.api("POST", f"/channels/{stage.channel.id}/messages", QUIET | body)
        assert reason in reasons(stage.discord)


async def test_an_answer_that_breaks_the_document_would_be_found() -> None:
    openapi = OpenApi.load()
    assert openapi is not None
    route = next(each for each in ROUTES if each.key == "GET /users/@me")
    async with set_stage() as stage:
        right = (await stage.api("GET", "/users/@me")).body
    assert openapi.answer_problem(route, 200, right) == ""
    del right["id"]
    assert "'id' is a required property" in openapi.answer_problem(route, 200, right)


async def test_all_that_can_be_read_is_as_documented() -> None:
    """The stage itself checks every answer; this asks for those that no story asks for."""
    async with set_stage() as stage:
        guild, channel, bot = stage.guild.id, stage.channel.id, stage.discord.bot.id
        message = await stage.api.sent(stage.channel, embeds=[{"title": "a", "fields": [{"name": "n", "value": "v"}]}])
        await stage.ada.react(message, "🔁")
        await stage.api("POST", f"/channels/{channel}/messages/{message.id}/threads", {"name": "a"})
        for path in (
            "/users/@me",
            f"/users/{stage.ada.id}",
            "/applications/@me",
            "/oauth2/applications/@me",
            "/gateway",
            "/gateway/bot",
            "/users/@me/guilds",
            f"/guilds/{guild}",
            f"/guilds/{guild}/channels",
            f"/guilds/{guild}/roles",
            f"/guilds/{guild}/members/{stage.ada.id}",
            f"/guilds/{guild}/threads/active",
            f"/channels/{channel}",
            f"/channels/{message.id}",
            f"/channels/{channel}/messages",
            f"/channels/{channel}/messages/{message.id}",
            f"/channels/{channel}/messages/{message.id}/reactions/🔁",
            f"/applications/{bot}/commands",
        ):
            reply = await stage.api("GET", path)
            assert reply.status == 200, (path, reply.body)
        for path in (f"/channels/{channel}/typing", "/users/@me/channels"):
            body = {"recipient_id": str(stage.ada.id)} if path.startswith("/users") else None
            assert (await stage.api("POST", path, body)).status in (200, 204)
        assert (await stage.api("DELETE", f"/users/@me/guilds/{guild}")).status == 204
        assert reasons(stage.discord) == ""
