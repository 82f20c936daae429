"""response_url: who sees what, how often and how long."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.fakes.slack_world.response_urls import response_url
from tests.slack_world.stage import Stage, set_stage


async def send(stage: Stage, url: str, **body: Any) -> int:
    return (await AsyncWebhookClient(url).send_dict(body)).status_code


async def test_five_uses() -> None:
    async with set_stage() as stage:
        answers = response_url(stage.channel, stage.ada)
        statuses = [await send(stage, answers.url, text=str(number)) for number in range(6)]
        assert statuses == [200] * 5 + [404]
        assert [each.text for each in stage.ada.sees()] == ["0", "1", "2", "3", "4"]
        assert stage.reasons == ["response_url: used more than five times"]


async def test_half_an_hour() -> None:
    async with set_stage() as stage:
        answers = response_url(stage.channel, stage.ada)
        stage.slack.advance(1801)
        assert await send(stage, answers.url, text="a") == 404
        assert stage.slack.web.errors() == {"expired_url": 1}
        assert await send(stage, answers.url + "x", text="a") == 404


async def test_for_everybody() -> None:
    async with set_stage() as stage:
        outside = stage.team.add_channel("outside", bot=False)
        answers = response_url(outside, stage.ada)
        quiet = {"unfurl_links": False, "unfurl_media": False}
        assert await send(stage, answers.url, text="a", response_type="in_channel", **quiet) == 200
        assert [each.text for each in outside.messages] == ["a"]
        assert stage.reasons == []


async def test_originals_are_replaced_and_deleted() -> None:
    async with set_stage() as stage:
        message = await stage.post("before")
        answers = response_url(stage.channel, stage.ada, message)
        await send(stage, answers.url, text="after", replace_original=True)
        assert message.text == "after"
        await send(stage, answers.url, delete_original=True)
        assert stage.channel.messages == []
        first = response_url(stage.channel, stage.ada)
        await send(stage, first.url, text="one")
        await send(stage, first.url, text="two", replace_original=True)
        assert [each.text for each in stage.ada.sees()] == ["two"]
        quiet = {"unfurl_links": False, "unfurl_media": False}
        await send(stage, first.url, text="three", replace_original=True, response_type="in_channel", **quiet)
        assert stage.reasons == ["response_url /response_type: what one person sees cannot become everybody's"]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"text": "a", "colour": "red"}, 200, "response_url /colour: unknown field"),
        ({"text": "a", "response_type": "everybody"}, 400, "response_url /response_type: invalid_payload"),
        ({"response_type": "ephemeral"}, 400, "response_url: no_text"),
        ({"text": "a < b"}, 200, "response_url /text: < is not escaped: …a < b…"),
        ({"text": "a", "response_type": "in_channel"}, 200, "response_url /unfurl_links: is not off"),
        ({"text": "a", "blocks": [{"type": "song"}]}, 400, "response_url /blocks/0/type: invalid_blocks"),
    ],
)
async def test_bodies_are_checked(body: dict[str, Any], status: int, told: str) -> None:
    async with set_stage() as stage:
        assert await send(stage, response_url(stage.channel, stage.ada).url, **body) == status
        assert any(each.startswith(told) for each in stage.reasons), stage.reasons
