"""Values as DynamoDB writes them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, Any]
"""Text, whole numbers, truth values and maps of them. DynamoDB counts in decimals, so there are no floats."""


def to_attributes(item: Mapping[str, Any]) -> dict[str, AttributeValueTypeDef]:
    """Without what is None."""
    return {name: to_attribute(value) for name, value in item.items() if value is not None}


def to_attribute(value: Any) -> AttributeValueTypeDef:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        return {"M": to_attributes(value)}
    raise TypeError(f"{type(value).__name__} is not kept")


def from_attributes(attributes: Mapping[str, Any]) -> Item:
    return {name: _read(value) for name, value in attributes.items()}


def _read(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    return from_attributes(value) if kind == "M" else value
