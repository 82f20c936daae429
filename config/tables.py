"""The README's two tables, options and settings, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.environment import variable_name
from config.sampling import OPTIONS, OptionSpec, SamplingOverrides
from config.setting_fields import SettingField, list_fields
from config.settings import Settings

_ANY_OPTION = "<option>"
_TYPE_NAMES = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def render_options() -> str:
    """One row for each sampling option."""
    heads = ("Option", "Also", "Range", "Default", "Meaning")
    return _render(heads, (_option_row(option) for option in OPTIONS))


def render_settings(model: type[BaseModel] = Settings) -> str:
    """One row for each setting; `<name>` stands for a name of the operator's choice."""
    heads = ("In inkling.toml", "As a variable", "Values", "Default", "Meaning")
    return _render(heads, _setting_rows(list_fields(model)))


def _option_row(option: OptionSpec) -> tuple[str, ...]:
    default = "random" if option.name == "seed" else _shown(option.default)
    return (_code(option.name), ", ".join(_code(alias) for alias in option.aliases), option.range, default, option.help)


def _setting_rows(fields: Sequence[SettingField]) -> Iterator[tuple[str, ...]]:
    options = {field.path for field in fields if SamplingOverrides in field.types}
    for field in fields:
        if field.path in options:
            path = (*field.path, _ANY_OPTION)
            yield _code(".".join(path)), _code(_variable(path)), "as above", "", field.info.description or ""
        elif field.shape != "table" and field.path[:-1] not in options:
            yield _setting_row(field)


def _setting_row(field: SettingField) -> tuple[str, ...]:
    key = _code(".".join(field.path)) + (f" ({field.kind})" if field.kind and field.path[-1] != "kind" else "")
    return key, _code(_variable(field.path)), _values(field), _default(field), field.info.description or ""


def _variable(path: Sequence[str]) -> str:
    return variable_name(path).replace("<NAME>", "<name>").replace("<OPTION>", "<option>")


def _values(field: SettingField) -> str:
    literals = [value for each in field.types if get_origin(each) is Literal for value in get_args(each)]
    if literals:
        return ", ".join(_code(str(value)) for value in literals)
    if field.secret:
        return "secret"
    if field.shape == "list":
        return "list of text"
    name = next((_TYPE_NAMES[each] for each in field.types if each in _TYPE_NAMES), "path")
    return _with_bounds(name, field.info.metadata)


def _with_bounds(name: str, metadata: Iterable[Any]) -> str:
    low = high = ""
    for bound in metadata:
        match bound:
            case Ge(ge):
                low = f"{ge}"
            case Gt(gt):
                low = f"over {gt:g}"
            case Le(le) | Lt(le):
                high = f"{le}"
    return f"{name}, {low} – {high}" if low and high else name


def _default(field: SettingField) -> str:
    if field.path[0] == "backends" and field.path[-1] == "kind":
        return "the backend's name"
    if field.info.default_factory is not None:
        return "the user's own folder"
    if field.info.default is PydanticUndefined:
        return "needed"
    return _shown(field.info.default)


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return _code(str(value).lower())
    return f"{value:g}" if isinstance(value, float) else _code(str(value)) if isinstance(value, str) else str(value)


def _code(text: str) -> str:
    return f"`{text}`"


def _render(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
