"""Every setting there is, found by walking the settings model: for environment names, suggestions and the README."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

ANY_NAME = "<name>"
"""Stands in a path for a name the operator chooses, such as a backend's."""

Shape = Literal["table", "list", "value"]


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting or table of settings. `kind` is the kind of backend or store it belongs to, empty for others."""

    path: tuple[str, ...]
    shape: Shape
    types: tuple[Any, ...]
    info: FieldInfo
    kind: str = ""

    @property
    def secret(self) -> bool:
        return SecretStr in self.types

    @property
    def optional(self) -> bool:
        return type(None) in self.types

    def matches(self, path: Sequence[str]) -> bool:
        return len(path) == len(self.path) and all(
            own in (part, ANY_NAME) for own, part in zip(self.path, path, strict=True)
        )


def list_fields(model: type[BaseModel]) -> tuple[SettingField, ...]:
    """All settings of `model`, tables before what they hold, in the order they are declared."""
    return tuple(_fields_of(model, (), ""))


def _fields_of(model: type[BaseModel], above: tuple[str, ...], kind: str) -> Iterator[SettingField]:
    for name, info in model.model_fields.items():
        yield from _field_and_below((*above, name), info.annotation, info, kind)


def _field_and_below(path: tuple[str, ...], annotation: Any, info: FieldInfo, kind: str) -> Iterator[SettingField]:
    kinds = _plain_types(annotation)
    yield SettingField(path, _shape(kinds), kinds, info, kind)
    for each in kinds:
        if get_origin(each) is dict:
            yield from _field_and_below((*path, ANY_NAME), get_args(each)[1], info, kind)
        elif _is_model(each):
            yield from _fields_of(each, path, _kind_of(each) or kind)


def _plain_types(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of an annotation, without `Annotated`."""
    if get_origin(annotation) is Annotated:
        return _plain_types(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(plain for each in get_args(annotation) for plain in _plain_types(each))
    return (annotation,)


def _shape(kinds: tuple[Any, ...]) -> Shape:
    if any(_is_model(each) or get_origin(each) is dict for each in kinds):
        return "table"
    return "list" if any(get_origin(each) in (tuple, list) for each in kinds) else "value"


def _is_model(candidate: Any) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


def _kind_of(model: type[BaseModel]) -> str:
    kind = model.model_fields.get("kind")
    return str(get_args(kind.annotation)[0]) if kind else ""
