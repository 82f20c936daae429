"""Each rule on buttons and menus is caught."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import QUIET, reasons
from tests.discord_world.stage import set_stage


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(parts)}


def button(custom_id: str = "a", **fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "A", "custom_id": custom_id} | fields


def menu(*options: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "m", "options": list(options)} | fields


def option(value: str = "v", **fields: Any) -> dict[str, Any]:
    return {"label": value, "value": value} | fields


def without(part: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != key}


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "six rows": ([row(button(f"{n}")) for n in range(6)], "components: Must be between 0 and 5"),
    "six buttons in a row": ([row(*(button(f"{n}") for n in range(6)))], "components.0.components: Must be"),
    "an empty row": ([row()], "components.0.components: Must be between 1"),
    "the same custom_id twice": ([row(button(), button())], "cannot be duplicated: a"),
    "the same custom_id in two rows": ([row(button()), row(button())], "cannot be duplicated: a"),
    "no custom_id": ([row(without(button(), "custom_id"))], "custom_id: This field is required"),
    "a long custom_id": ([row(button("x" * 101))], "custom_id: Must be between 1 and 100"),
    "a long label": ([row(button(label="x" * 81))], "label: Must be 80"),
    "neither label nor emoji": ([row(without(button(), "label"))], "needs a label or an emoji"),
    "an unknown style": ([row(button(style=9))], "style: Value must be one of"),
    "a link without url": ([row({"type": 2, "style": 5, "label": "A"})], "url: This field is required"),
    "a link with a custom_id": ([row(button(style=5, url="https://a.b"))], "cannot have a custom id"),
    "a long url": ([row({"type": 2, "style": 5, "label": "A", "url": "https://a.b/" + "x" * 512})], "url: Must be 512"),
    "a button outside a row": ([button()], "components.0.type: Value must be one of"),
    "two menus in a row": ([row(menu(option()), menu(option(), custom_id="n"))], "Must be between 1 and 1"),
    "a menu beside a button": ([row(menu(option()), button())], "Must be between 1 and 1"),
    "a menu without options": ([row(menu())], "options: Must be between 1 and 25"),
    "26 options": ([row(menu(*(option(f"{n}") for n in range(26))))], "options: Must be between 1 and 25"),
    "a long option label": ([row(menu(option(label="x" * 101)))], "options.0.label: Must be 100"),
    "a long option value": ([row(menu(option("x" * 101, label="a")))], "options.0.value: Must be 100"),
    "a long option description": ([row(menu(option(description="x" * 101)))], "options.0.description: Must be 100"),
    "equal option values": ([row(menu(option(), option()))], "Option values must be unique"),
    "too many preselected": ([row(menu(option("a", default=True), option("b", default=True)))], "preselected"),
    "a long placeholder": ([row(menu(option(), placeholder="x" * 151))], "placeholder: Must be 150"),
    "more values than there can be": ([row(menu(option(), max_values=26))], "max_values: Value must be"),
    "a text input in a message": ([row({"type": 4, "custom_id": "a", "style": 1})], "components.0.type: Value must"),
    "layout without its flag": ([{"type": 10, "content": "a"}], "components.0.type: Value must be one of"),
}


@pytest.mark.parametrize("rule", REFUSED)
async def test_discord_refuses(rule: str) -> None:
    components, reason = REFUSED[rule]
    async with set_stage() as stage:
        reply = await stage.api.send(stage.channel, "a", components=components)
        assert (reply.status, reply.code) == (400, 50035)
        assert reason in reasons(stage.discord)


async def test_an_unknown_key_is_reported() -> None:
    async with set_stage() as stage:
        await stage.api.send(stage.channel, "a", components=[row(button(colour="red"))])
        assert "components.0.components.0.colour: unknown key" in reasons(stage.discord)
        await stage.api.send(stage.channel, "a", components=[row(menu(option(hint="b")))])
        assert "options.0.hint: unknown key" in reasons(stage.discord)


@pytest.mark.parametrize(("content", "reason"), [("", "This field is required"), ("x" * 4001, "Must be 4000")])
async def test_displayed_text_is_not_empty_and_not_long(content: str, reason: str) -> None:
    async with set_stage() as stage:
        parts = [{"type": 17, "components": [{"type": 10, "content": content}]}]
        assert (await stage.api.send(stage.channel, "", flags=1 << 15, components=parts)).code == 50035
        assert f"components.0.components.0.content: {reason}" in reasons(stage.discord)


async def test_what_is_right_passes_and_is_numbered() -> None:
    async with set_stage() as stage:
        link = {"type": 2, "style": 5, "label": "L", "url": "https://example.org"}
        parts = [row(*(button(f"{n}") for n in range(4)), link), row(menu(option("a"), option("b"), max_values=2))]
        message = await stage.api.sent(stage.channel, "a", components=parts)
        assert reasons(stage.discord) == ""
        assert sorted(part["id"] for part in message.parts()) == list(range(1, 9))
        await stage.api("PATCH", f"/channels/{stage.channel.id}/messages/{message.id}", {"components": []} | QUIET)
        assert message.components == []
