"""Environment variables as settings: `INKLING_` prefix, `__` for nesting, `…_FILE` for values kept in files.

A table or list can be given whole, in JSON. An empty variable counts as not set, since containers pass on those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import InvalidSettings
from config.setting_fields import SettingField
from config.small_file import read_small_file

PREFIX = "INKLING_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
DEPLOYMENT_PREFIX = f"{PREFIX}AWS_"
"""Of variables that a deployment in AWS is told by (config/aws.py); they are not the operator's settings."""
_FILE = "_FILE"
_JSON_OPENINGS = {"table": ("",), "list": ("[",), "value": ()}

SettingPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment sets, nested like the settings file, and which variable set it."""

    values: Mapping[str, Any]
    variables: Mapping[SettingPath, str]

    def holds(self, path: Sequence[str]) -> bool:
        return bool(path) and holds(self.values, path)

    def name_of(self, path: SettingPath) -> str:
        """The variable that sets `path` or, in JSON, the table around it; else the name such a variable has."""
        for length in range(len(path), 0, -1):
            name = self.variables.get(path[:length])
            if name:
                inside = ".".join(path[length:])
                return f"{name}: {inside}" if inside else name
        return variable_name(path)

    def first_below(self, path: SettingPath) -> str | None:
        """A variable that sets something below `path`."""
        return next((name for own, name in self.variables.items() if own[: len(path)] == path), None)


def holds(tree: Any, path: Sequence[str]) -> bool:
    """Whether nested tables and lists have something at `path`; list items go by their index."""
    for part in path:
        if isinstance(tree, Mapping) and part in tree:
            tree = tree[part]
        elif isinstance(tree, list) and part.isdecimal() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return False
    return True


def variable_name(path: Sequence[str]) -> str:
    return PREFIX + "__".join(path).upper()


def read_environment(environ: Mapping[str, str], fields: Sequence[SettingField]) -> Environment:
    """The settings in `environ`, known or not: validation judges them. InvalidSettings for what can't be read."""
    values: dict[str, Any] = {}
    variables: dict[SettingPath, str] = {}
    # Sorted, so that a table given whole comes before single values in it, which win.
    for name in sorted(environ):
        if not _is_setting(name) or not environ[name]:
            continue
        path, text = _resolve_file(name, environ, fields)
        _put(values, path, _decode(name, text, _field_at(path, fields)))
        variables[path] = name
    return Environment(values, variables)


def _is_setting(name: str) -> bool:
    return name.startswith(PREFIX) and name != CONFIG_VARIABLE and not name.startswith(DEPLOYMENT_PREFIX)


def _path_of(name: str) -> SettingPath:
    return tuple(name.removeprefix(PREFIX).lower().split("__"))


def _field_at(path: SettingPath, fields: Sequence[SettingField]) -> SettingField | None:
    return next((field for field in fields if field.matches(path)), None)


def _resolve_file(name: str, environ: Mapping[str, str], fields: Sequence[SettingField]) -> tuple[SettingPath, str]:
    """The path that a variable sets and the text it sets it to, read from a file for `…_FILE`."""
    path, plain_name = _path_of(name), name.removesuffix(_FILE)
    plain_path = _path_of(plain_name)
    if plain_name == name or _field_at(path, fields) or not _field_at(plain_path, fields):
        return path, environ[name]
    if environ.get(plain_name):
        raise InvalidSettings(f"{plain_name} and {name} are both set; keep one of them.")
    return plain_path, _read_value(name, environ[name])


def _read_value(name: str, path: str) -> str:
    try:
        text = read_small_file(Path(path)).strip()
    except IsADirectoryError as error:
        raise InvalidSettings(f"{name} names a folder; name the file with the value in it.") from error
    except UnicodeDecodeError:
        # The decoding error would carry the file's bytes, which may be a secret, into a traceback.
        raise InvalidSettings(f"{name} names a file that is not UTF-8 text.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "its name is not a path"
        raise InvalidSettings(f"{name} names a file I can't read ({reason.lower()}).") from error
    if not text:
        raise InvalidSettings(f"{name} names an empty file; write the value into it.")
    return text


def _decode(name: str, text: str, field: SettingField | None) -> Any:
    if field is None or not text.lstrip().startswith(_JSON_OPENINGS[field.shape]):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        advice = f"set its fields one by one, as {name}__…" if field.shape == "table" else "write a,b"
        # From None: the decoding error carries the whole text, secrets and all.
        raise InvalidSettings(f"{name} is not valid JSON{where}; mend it, or {advice}.") from None


def _put(tree: dict[str, Any], path: SettingPath, value: Any) -> None:
    for part in path[:-1]:
        below = tree.get(part)
        if not isinstance(below, dict):
            below = tree[part] = {}
        tree = below
    tree[path[-1]] = value
