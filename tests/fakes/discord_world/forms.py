"""What a person chooses in a menu or fills into a modal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.asking import NotPossible
from tests.fakes.discord_world.options import resolve

if TYPE_CHECKING:
    from tests.fakes.discord_world.interactions import Modal
    from tests.fakes.discord_world.world import World

TEXT_INPUT, STRING_SELECT, LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 4, 3, 18, 19, 21, 22, 23
WITH_OPTIONS = (STRING_SELECT, RADIO, CHECKBOXES)
LONGEST_INPUT = 4000


def selected(world: World, part: Mapping[str, Any], chosen: Sequence[Any]) -> dict[str, Any]:
    resolved: dict[str, dict[str, Any]] = {}
    data = {"custom_id": part["custom_id"], "component_type": part["type"], "id": part["id"]}
    data["values"] = _values(world, part, chosen, resolved)
    return data | ({"resolved": resolved} if resolved else {})


def _values(world: World, part: Mapping[str, Any], chosen: Sequence[Any], resolved: dict[str, Any]) -> list[str]:
    low, high = part.get("min_values", 1), part.get("max_values", 1)
    if not low <= len(chosen) <= high:
        raise NotPossible(f"{part['custom_id']!r} takes {low} to {high} choices, not {len(chosen)}")
    if part["type"] not in WITH_OPTIONS:
        return [resolve(world, each, resolved) for each in chosen]
    return [_option(part, each) for each in chosen]


def _option(part: Mapping[str, Any], wanted: str) -> str:
    for each in part["options"]:
        if wanted in (each["value"], each["label"]):
            return str(each["value"])
    raise NotPossible(f"there is no {wanted!r}; there are {[each['label'] for each in part['options']]}")


def submitted(world: World, modal: Modal, values: Mapping[str, Any]) -> dict[str, Any]:
    resolved: dict[str, dict[str, Any]] = {}
    given = {_custom_id(modal, name): value for name, value in values.items()}
    rows = []
    for row in modal.data["components"]:
        if row["type"] == LABEL:
            inner = _entered(world, row["component"], given, resolved)
            rows.append({"type": LABEL, "id": row["id"], "component": inner})
        elif row["type"] == 1:
            inner_parts = [_entered(world, part, given, resolved) for part in row["components"]]
            rows.append({"type": 1, "id": row["id"], "components": inner_parts})
    data = {"custom_id": modal.custom_id, "components": rows}
    return data | ({"resolved": resolved} if resolved else {})


def _custom_id(modal: Modal, name: str) -> str:
    for custom_id, part in modal.inputs.items():
        if name in (custom_id, part["label"]):
            return custom_id
    raise NotPossible(f"the form has no field {name!r}; it has {[each['label'] for each in modal.inputs.values()]}")


def _entered(
    world: World, part: Mapping[str, Any], given: Mapping[str, Any], resolved: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    head = {"type": part["type"], "id": part["id"], "custom_id": part["custom_id"]}
    kind, value = part["type"], given.get(part["custom_id"])
    if kind == TEXT_INPUT:
        return head | {"value": _text(part, part.get("value", "") if value is None else value)}
    if kind == CHECKBOX:
        return head | {"value": bool(part.get("default") if value is None else value)}
    chosen = _preselected(part) if value is None else [value] if isinstance(value, str) else list(value)
    optional = part.get("required") is False and not chosen
    picked = [] if optional else _values(world, part, chosen, resolved)
    return head | ({"value": next(iter(picked), None)} if kind == RADIO else {"values": picked})


def _preselected(part: Mapping[str, Any]) -> list[str]:
    return [each["value"] for each in part.get("options", []) if each.get("default")]


def _text(part: Mapping[str, Any], value: str) -> str:
    name = part["custom_id"]
    if not value and part.get("required", True):
        raise NotPossible(f"field {name!r} is required")
    low, high = part.get("min_length", 0), part.get("max_length", LONGEST_INPUT)
    if value and not low <= len(value) <= high:
        raise NotPossible(f"field {name!r} takes {low} to {high} characters, not {len(value)}")
    return value
