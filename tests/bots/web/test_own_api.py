"""Settings, presets and erasure through the page's forms."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.fakes.page import PageClient, serve_page


@pytest.fixture
async def page() -> AsyncIterator[PageClient]:
    async with serve_page() as client:
        yield client


def row(config: dict[str, list[dict[str, object]]], name: str) -> object:
    return next(each["value"] for each in config["rows"] if each["name"] == name)


async def test_settings_are_set_reset_and_recorded(page: PageClient) -> None:
    config = await page.post("/api/config", {"action": "set", "name": "cooldown_s", "value": "5"})
    assert row(config, "cooldown_s") == 5.0
    config = await page.post("/api/config", {"action": "reset", "name": "cooldown_s"})
    assert row(config, "cooldown_s") is None
    assert [entry["action"] for entry in config["audit"]] == ["reset cooldown_s", "set cooldown_s 5"]


async def test_a_channel_has_its_own(page: PageClient) -> None:
    body = {"action": "set", "name": "length", "value": "7", "channel": "poems"}
    config = await page.post("/api/config", body)
    assert json.loads(config["export"])["channels"] == {"poems": {"defaults": {"length": 7}}}
    assert (await page.get("/api/session?channel=poems"))["defaults"]["length"] == 7
    await page.post("/api/config", {"action": "reset", "channel": "poems"})
    assert (await page.get("/api/session?channel=poems"))["defaults"]["length"] == 60


async def test_settings_travel_as_json(page: PageClient) -> None:
    exported = json.dumps({"regenerate_by": "admins"})
    config = await page.post("/api/config", {"action": "import", "value": exported})
    assert json.loads(config["export"]) == {"regenerate_by": "admins"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "set", "name": "max_length", "value": "0"}, 400),
        ({"action": "set", "value": "0"}, 400),
        ({"action": "set", "name": "backend", "value": "moon"}, 404),
        ({"action": "set", "name": "word_filter", "value": "a\ud800"}, 400),
        ({"action": "import", "value": "{"}, 400),
        ({"action": "explode"}, 400),
    ],
)
async def test_wrong_settings_change_nothing(page: PageClient, body: object, status: int) -> None:
    assert (await page.post("/api/config", body, status))["error"]["message"]
    assert (await page.get("/api/config"))["export"] == "{}"


async def test_pages_hear_of_new_settings(page: PageClient) -> None:
    async with page.events() as events:
        await page.post("/api/config", {"action": "set", "name": "length", "value": "7"})
        await events.until("session")


async def test_presets_are_saved_used_and_deleted(page: PageClient) -> None:
    presets = await page.post("/api/presets", {"name": "poem", "options": {"temperature": "1.3"}})
    assert presets["personal"] == {"poem": {"temperature": 1.3}}
    view = await page.result(await page.write("/complete preset=poem Once"))
    assert "temperature 1.3" in view["heading"]
    assert (await page.post("/api/presets", {"name": "poem"}))["personal"] == {}
    await page.post("/api/presets", {"name": "poem"}, 404)


async def test_forgetting_needs_a_yes_and_erases(page: PageClient) -> None:
    await page.write("Once")
    assert await page.get("/api/forget-me") == {"requests": 1}
    await page.post("/api/forget-me", {}, 400)
    async with page.events() as events:
        assert await page.post("/api/forget-me", {"confirm": True}) == {"erased": 1}
        await events.until("history")
    assert await page.history() == []
