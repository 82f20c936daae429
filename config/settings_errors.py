"""pydantic's complaint about a setting as one sentence that names the place: variable, or file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic_core import ErrorDetails

from config.environment import PREFIX

_PHRASES = {
    "greater_than_equal": "must be at least {ge}; found {input}",
    "less_than_equal": "must be at most {le}; found {input}",
    "greater_than": "must be more than {gt}; found {input}",
    "less_than": "must be less than {lt}; found {input}",
    "int_parsing": "must be a whole number; found {input}",
    "int_type": "must be a whole number; found {input}",
    "int_from_float": "must be a whole number; found {input}",
    "float_parsing": "must be a number; found {input}",
    "float_type": "must be a number; found {input}",
    "bool_parsing": "must be true or false; found {input}",
    "string_type": "must be text; found {input}",
    "literal_error": "must be one of {expected}; found {input}",
    "extra_forbidden": "is not a setting; look for a typing slip",
    "missing": "is needed; add it",
    "union_tag_invalid": "must be one of {expected_tags}; found {tag!r}",
    "union_tag_not_found": "needs a kind: local, openai or echo",
    "value_error": "{error}",
}


def settings_sentence(detail: ErrorDetails, path: Path | None, environment: Mapping[str, object]) -> str:
    """Say where the wrong value is and what it must be. Values of secret-looking fields are never shown."""
    location = [str(part) for part in detail["loc"]]
    location = _without_union_tags(location)
    from_environment = _holds(environment, location)
    where = f"{PREFIX}{'__'.join(location).upper()}" if from_environment else ".".join(location)
    phrase = _PHRASES.get(detail["type"], detail["msg"][:1].lower() + detail["msg"][1:])
    context = dict(detail.get("ctx", {}))
    sentence = phrase.format_map({**context, "input": _shown(location, detail["input"])})
    line = None if from_environment or path is None else _line_of(path, location)
    source = f"{path.name}: " if path is not None and not from_environment else ""
    what = f"{where} {sentence}" if where else sentence
    return f"{source}{what} (line {line})." if line else f"{source}{what}."


def _without_union_tags(location: list[str]) -> list[str]:
    """`backends.main.openai.base_url` names the union's tag in third place; people don't write that."""
    if location[:1] == ["backends"] and len(location) > 3:
        return [*location[:2], *location[3:]]
    return location


def _holds(tree: object, location: list[str]) -> bool:
    for part in location:
        if not isinstance(tree, Mapping) or part not in tree:
            return False
        tree = tree[part]
    return bool(location)


def _shown(location: list[str], value: object) -> str:
    field = location[-1] if location else ""
    if any(word in field for word in ("token", "key", "secret")):
        return "a value I won't show"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _line_of(path: Path, location: list[str]) -> int | None:
    """The line of the TOML file that sets this key, found by its table header and key; None when not found so."""
    table, wanted = [], list(location)
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([\w.\-\"']+)\s*=", line)
        if header:
            table = _parts(header[1])
        elif key and [*table, *_parts(key[1])] == wanted:
            return number
    return None


def _parts(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]
