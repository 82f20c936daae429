"""Each rule on modals, choices and deferred answers is caught."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import invoked, reasons
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world.asking import begin
from tests.fakes.discord_world.interactions import Asked

OLD: dict[str, Any] = {"type": 4, "custom_id": "seed", "style": 1, "label": "Seed"}
MESSAGE, DEFERRED, CHOICES, MODAL = 4, 5, 8, 9


def field(custom_id: str = "prompt", label: str = "Prompt", **fields: Any) -> dict[str, Any]:
    inner = {"type": 4, "custom_id": custom_id, "style": 2} | fields
    return {"type": 18, "label": label, "component": inner}


def modal(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"title": "Vary", "custom_id": "vary", "components": list(parts) or [field()]} | fields


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a long title": (modal(title="x" * 46), "data.title: Must be 45"),
    "no title": (modal(title=""), "data.title: This field is required"),
    "no custom_id": (modal(custom_id=""), "data.custom_id: This field is required"),
    "six fields": (modal(*(field(f"f{n}") for n in range(6))), "data.components: Must be between 1 and 5"),
    "the same custom_id twice": (modal(field(), field()), "cannot be duplicated: prompt"),
    "a long label": (modal(field(label="x" * 46)), "label: Must be 45"),
    "a label inside a label": (
        modal(field() | {"component": {**field()["component"], "label": "L"}}),
        "none of its own",
    ),
    "a long placeholder": (modal(field(placeholder="x" * 101)), "placeholder: Must be 100"),
    "a prefilled text longer than allowed": (modal(field(max_length=5, value="x" * 6)), "value: Must be 5"),
    "more than 4000 characters": (modal(field(max_length=4001)), "max_length: Value must be"),
    "a minimum above the maximum": (modal(field(min_length=9, max_length=5)), "minimum exceeds"),
    "no style": (modal(field(style=None)), "style: Value must be one of"),
    "a field outside a label": (modal(field()["component"]), "data.components.0.type: Value must be one of"),
    "a button in a label": (modal({"type": 18, "label": "L", "component": {"type": 2}}), "component.type: Value must"),
    "two inputs in a row": (modal({"type": 1, "components": [OLD, OLD | {"custom_id": "b"}]}), "between 1 and 1"),
    "an old input without label": (modal({"type": 1, "components": [OLD | {"label": ""}]}), "label: This field"),
    "an old input with a long label": (modal({"type": 1, "components": [OLD | {"label": "x" * 46}]}), "Must be 45"),
    "a button": (modal({"type": 1, "components": [{"type": 2, "custom_id": "a", "style": 1, "label": "b"}]}), "type"),
}


@pytest.mark.parametrize("rule", REFUSED)
async def test_discord_refuses(rule: str) -> None:
    data, reason = REFUSED[rule]
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        reply = await stage.api.answer(interaction, MODAL, data)
        assert (reply.status, reply.code) == (400, 50035)
        assert reason in reasons(stage.discord)
        assert interaction.ack is None


async def test_both_forms_of_a_text_input_pass() -> None:
    async with set_stage() as stage:
        old = {"type": 1, "components": [OLD]}
        interaction = invoked(stage.ada.user, stage.channel)
        assert (await stage.api.answer(interaction, MODAL, modal(field(value="Once"), old))).status == 204
        assert reasons(stage.discord) == ""
        assert interaction.modal is not None
        labels = {custom_id: part["label"] for custom_id, part in interaction.modal.inputs.items()}
        assert labels == {"prompt": "Prompt", "seed": "Seed"}


async def test_choices_are_few_and_short() -> None:
    async with set_stage() as stage:
        for choices, reason in (
            ([{"name": f"{n}", "value": f"{n}"} for n in range(26)], "data.choices: Must be between 0 and 25"),
            ([{"name": "x" * 101, "value": "a"}], "data.choices.0.name: Must be 100"),
            ([{"name": "", "value": "a"}], "data.choices.0.name: This field is required"),
            ([{"name": "a", "value": "x" * 101}], "data.choices.0.value: Must be between 1 and 100"),
        ):
            interaction = begin(Asked.AUTOCOMPLETE, stage.ada.user, stage.channel, {"name": "complete"})
            assert (await stage.api.answer(interaction, CHOICES, {"choices": choices})).code == 50035
            assert reason in reasons(stage.discord)


async def test_a_deferred_answer_takes_only_the_ephemeral_flag() -> None:
    async with set_stage() as stage:
        first, second = (invoked(stage.ada.user, stage.channel) for _ in range(2))
        await stage.api.answer(first, DEFERRED, {"flags": 64})
        assert reasons(stage.discord) == ""
        await stage.api.answer(second, DEFERRED, {"flags": 1 << 15, "content": "soon"})
        told = reasons(stage.discord)
        assert "takes only the ephemeral flag" in told
        assert "data.content: unknown key" in told


async def test_unknown_keys_are_reported() -> None:
    async with set_stage() as stage:
        interaction = begin(Asked.AUTOCOMPLETE, stage.ada.user, stage.channel, {"name": "complete"})
        callback = f"/interactions/{interaction.id}/{interaction.token}/callback"
        await stage.api("POST", callback, {"type": CHOICES, "data": {"choices": [], "more": 1}, "flags": 64})
        told = reasons(stage.discord)
        assert "data.more: unknown key" in told
        assert "flags: unknown key" in told


async def test_an_answer_is_held_to_the_rules_of_messages() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        assert (await stage.api.answer(interaction, MESSAGE, {"content": "x" * 2001})).code == 50035
        told = reasons(stage.discord)
        assert "content: Must be 2000 or fewer" in told
        assert "allowed_mentions: missing" in told
