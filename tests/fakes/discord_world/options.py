"""An interaction's `data`, put together and checked as Discord's client does it before sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tests.fakes.discord_world.asking import NotPossible

if TYPE_CHECKING:
    from tests.fakes.discord_world.world import World

SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(
    1, 12
)
RIGHT_TYPE: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
LONGEST_TEXT, LARGEST_INTEGER = 6000, 2**53 - 1


@dataclass(frozen=True)
class File:
    """Something a person attaches."""

    filename: str
    content: bytes
    content_type: str = "text/plain"


@runtime_checkable
class Resolvable(Protocol):
    """Somebody or something that an option can name."""

    @property
    def id(self) -> int: ...

    def resolved(self) -> dict[str, dict[str, Any]]:
        """What `resolved` holds about it, by section."""


def command_head(command: Mapping[str, Any]) -> dict[str, Any]:
    head = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return head | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})


def command_data(
    world: World, command: Mapping[str, Any], path: Sequence[str], given: Mapping[str, Any]
) -> dict[str, Any]:
    leaf = _leaf(command, path)
    declared = {each["name"]: each for each in leaf.get("options", [])}
    _check_names(declared, given)
    missing = [name for name, each in declared.items() if each.get("required") and name not in given]
    if missing:
        raise NotPossible(f"option {missing[0]!r} is required")
    resolved: dict[str, dict[str, Any]] = {}
    filled = [_filled(world, declared[name], value, resolved) for name, value in given.items()]
    data = command_head(command) | {"options": _nested(command, path, filled)}
    return data | ({"resolved": resolved} if resolved else {})


def partial_data(
    world: World,
    command: Mapping[str, Any],
    path: Sequence[str],
    focused: str,
    typed: str,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """While typing, nothing is complete or checked but the names."""
    declared = {each["name"]: each for each in _leaf(command, path).get("options", [])}
    _check_names(declared, {**given, focused: typed})
    if not declared[focused].get("autocomplete"):
        raise NotPossible(f"option {focused!r} has no autocomplete")
    resolved: dict[str, dict[str, Any]] = {}
    filled = [_filled(world, declared[name], value, resolved) for name, value in given.items()]
    here = {"name": focused, "type": declared[focused]["type"], "value": typed, "focused": True}
    return command_head(command) | {"options": _nested(command, path, [*filled, here])}


def _leaf(command: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    here = command
    for name in path:
        inner = [each for each in here.get("options", []) if each["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP)]
        found = next((each for each in inner if each["name"] == name), None)
        if found is None:
            raise NotPossible(f"/{here['name']} has no subcommand {name!r}; it has {[each['name'] for each in inner]}")
        here = found
    if any(each["type"] in (SUB_COMMAND, SUB_COMMAND_GROUP) for each in here.get("options", [])):
        raise NotPossible(f"/{here['name']} needs a subcommand")
    return here


def _check_names(declared: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    if unknown := [name for name in given if name not in declared]:
        raise NotPossible(f"there is no option {unknown[0]!r}; there are {', '.join(declared) or 'none'}")


def _nested(command: Mapping[str, Any], path: Sequence[str], filled: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not path:
        return filled
    step = next(each for each in command["options"] if each["name"] == path[0])
    return [{"name": path[0], "type": step["type"], "options": _nested(step, path[1:], filled)}]


def _filled(world: World, option: Mapping[str, Any], value: Any, resolved: dict[str, dict[str, Any]]) -> dict[str, Any]:
    kind = option["type"]
    if kind in (USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT):
        value = resolve(world, value, resolved)
    else:
        _check_value(option, value)
    return {"name": option["name"], "type": kind, "value": value}


def _check_value(option: Mapping[str, Any], value: Any) -> None:
    name, kind = option["name"], option["type"]
    fits: bool = isinstance(value, RIGHT_TYPE[kind])
    if not fits or (kind in (INTEGER, NUMBER) and isinstance(value, bool)):
        raise NotPossible(f"option {name!r} takes no {type(value).__name__}")
    choices = [each["value"] for each in option.get("choices", [])]
    if choices and value not in choices:
        raise NotPossible(f"option {name!r} takes one of {choices}")
    if kind == STRING:
        _check_range(name, "length", len(value), option.get("min_length", 0), option.get("max_length", LONGEST_TEXT))
    elif kind in (INTEGER, NUMBER):
        low, high = option.get("min_value", -LARGEST_INTEGER), option.get("max_value", LARGEST_INTEGER)
        _check_range(name, "value", value, low, high)


def _check_range(name: str, what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise NotPossible(f"option {name!r} takes a {what} of {low} to {high}, not {value}")


def resolve(world: World, value: Any, resolved: dict[str, dict[str, Any]]) -> str:
    """The id that stands for it; what it is goes into `resolved`."""
    if isinstance(value, File):
        kept = world.keep_file(value.filename, value.content, value.content_type)
        resolved.setdefault("attachments", {})[str(kept.id)] = kept.payload() | {"ephemeral": True}
        return str(kept.id)
    if not isinstance(value, Resolvable):
        raise NotPossible(f"{value!r} is nothing one can choose")
    for kind, payload in value.resolved().items():
        resolved.setdefault(kind, {})[str(value.id)] = payload
    return str(value.id)
