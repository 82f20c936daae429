"""A settings file with every setting there is, each commented out at its built-in value."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from pydantic_core import PydanticUndefined

from config.sampling import SamplingOptions
from config.setting_fields import ANY_NAME, SettingField, list_fields
from config.settings import Settings

_HEAD = """\
# Inkling's settings. Take the # off a line to change it; what is left out is as shown here, or not set.
# Each can be a variable too, which wins over this file: limits.max_length is INKLING_LIMITS__MAX_LENGTH.
"""
_EXAMPLE_NAMES = {"local": "local", "openai": "server", "aws": "aws", "echo": "echo"}
_EXAMPLES = {
    "gateway_url": "wss://gateway.discord.gg",
    "base_url": "http://127.0.0.1:8000/v1",
    "api_url": "https://abc123.execute-api.eu-west-1.amazonaws.com",
}
_WIDTH = 100


def render_template() -> str:
    """TOML that loads as it is, and means the built-in settings."""
    fields = list_fields(Settings)
    lines = [_HEAD]
    for field in fields:
        if len(field.path) == 1 and field.shape != "table":
            lines += _setting(field)
    for name, info in ((each.path[0], each.info) for each in fields if len(each.path) == 1 and each.shape == "table"):
        below = [each for each in fields if each.path[0] == name and len(each.path) > 1]
        lines += _backends(below) if name == "backends" else _table(name, info.description or "", below)
    return "\n".join(lines) + "\n"


def _table(name: str, description: str, fields: Sequence[SettingField]) -> Iterator[str]:
    yield from (f"\n# {description}", f"[{name}]")
    for kind, group in groupby(fields, key=lambda field: field.kind):
        each = list(group)
        usual = not kind or kind == each[0].info.default
        for line in (line for field in each for line in _setting(field)):
            # What goes with another kind than the usual one is shown, but not to be uncommented line by line.
            yield line if usual else f"#   {line.removeprefix('# ')}"


def _backends(fields: Sequence[SettingField]) -> Iterator[str]:
    """One table for each kind; only the local one is there unless somebody adds others."""
    own = [field for field in fields if field.path[1] == ANY_NAME and len(field.path) == 3]
    for kind, group in groupby(own, key=lambda field: field.kind):
        each = list(group)
        yield f"\n# {each[0].info.description}"
        mark = "" if kind == "local" else "# "
        yield f"{mark}[backends.{_EXAMPLE_NAMES[kind]}]"
        for field in each:
            if field.path[-1] == "kind":
                yield f'# kind = "{kind}"'
            else:
                yield from _setting(field)


def _setting(field: SettingField) -> Iterator[str]:
    name = field.path[-1]
    yield from (f"# {line}" for line in textwrap.wrap(_description(field), _WIDTH))
    yield f"# {name} = {_toml(_value(field))}"


def _description(field: SettingField) -> str:
    option = SamplingOptions.model_fields.get(field.path[-1]) if field.path[0] == "defaults" else None
    text = (option or field.info).description or ""
    unset = _default(field) is None and option is None
    return f"{text} Not set." if unset and "left out" not in text and "when set" not in text else text


def _default(field: SettingField) -> object:
    if field.path[-1] == "kind":
        return field.kind
    if field.path[0] == "defaults":
        return SamplingOptions.model_fields[field.path[-1]].default
    default = field.info.get_default(call_default_factory=True, validated_data={})
    return None if default is PydanticUndefined else default


def _value(field: SettingField) -> object:
    """The default; where there is none, an example of the right type."""
    default = _default(field)
    if default is not None:
        return default
    if bool in field.types:
        return True
    if int in field.types or field.path[-1] == "seed":
        return 1
    return _EXAMPLES.get(field.path[-1], "…")


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(str(value), ensure_ascii=False)
