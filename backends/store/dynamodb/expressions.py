"""What a write asks of an item, and what it sets, in DynamoDB's own notation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.store.dynamodb.attributes import to_attribute

_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Condition:
    """Attributes stand in it as #name, values as :name."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unless:
    """A value to set where there is none."""

    value: Any


NEW = Condition("attribute_not_exists(#pk)")
THERE = Condition("attribute_exists(#pk)")


def spell_condition(condition: Condition | None) -> dict[str, Any]:
    """As arguments of a call."""
    return _spell("", condition, {})


def spell_change(sets: Mapping[str, Any], condition: Condition | None) -> dict[str, Any]:
    """`sets` by path, with dots between the parts; None takes away."""
    given = {path: value for path, value in sets.items() if value is not None}
    terms, values = [], {}
    for number, (path, value) in enumerate(given.items()):
        name, plain = _hashed(path), value.value if isinstance(value, Unless) else value
        terms.append(
            f"{name} = " + (f"if_not_exists({name}, :v{number})" if isinstance(value, Unless) else f":v{number}")
        )
        values[f"v{number}"] = plain
    gone = [_hashed(path) for path, value in sets.items() if value is None]
    update = " ".join(f"{verb} " + ", ".join(each) for verb, each in (("SET", terms), ("REMOVE", gone)) if each)
    return _spell(update, condition, values)


def _hashed(path: str) -> str:
    return ".".join(f"#{part}" for part in path.split("."))


def _spell(update: str, condition: Condition | None, values: Mapping[str, Any]) -> dict[str, Any]:
    given = {**values, **(condition.values if condition else {})}
    names = _NAME.findall(f"{update} {condition.text if condition else ''}")
    arguments: dict[str, Any] = {
        "UpdateExpression": update,
        "ConditionExpression": condition.text if condition else "",
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {f":{name}": to_attribute(value) for name, value in given.items()},
    }
    return {name: value for name, value in arguments.items() if value}
