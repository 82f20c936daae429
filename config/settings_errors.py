"""pydantic's complaint about a setting as one sentence that names the place: variable, or file and line."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from config.environment import CONFIG_VARIABLE, PREFIX, Environment, holds, variable_name
from config.errors import InvalidSettings
from config.sampling import ALIASES
from config.setting_fields import ANY_NAME, SettingField
from config.setting_types import SETTING_ERROR
from config.settings_file import SettingsFile
from config.text import shorten

_PHRASES = {
    "greater_than_equal": "must be at least {ge}; found {found}",
    "less_than_equal": "must be at most {le}; found {found}",
    "greater_than": "must be more than {gt}; found {found}",
    "less_than": "must be less than {lt}; found {found}",
    "int_parsing": "must be a whole number; found {found}",
    "int_parsing_size": "must be a smaller whole number; found {found}",
    "int_type": "must be a whole number; found {found}",
    "int_from_float": "must be a whole number; found {found}",
    "float_parsing": "must be a number; found {found}",
    "float_type": "must be a number; found {found}",
    "not_a_number": "must be a number; found {found}",
    "not_finite": "must be a finite number; found {found}",
    "bool_parsing": "must be true or false; found {found}",
    "bool_type": "must be true or false; found {found}",
    "string_type": "must be text; found {found}",
    "string_unicode": "holds a character that can't be used",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long",
    "too_short": "must not be empty",
    "too_long": "takes at most {max_length}; found {actual_length}",
    "path_type": "must be a path; found {found}",
    "literal_error": "must be one of {expected}; found {found}",
    "union_tag_invalid": "must be one of {expected_tags}; found {tag}",
    "union_tag_not_found": "is needed; make it one of {kinds}",
    "missing": "is needed; add it",
    "dict_type": "must be a table; found {found}",
    "model_type": "must be a table; found {found}",
    "model_attributes_type": "must be a table; found {found}",
    "tuple_type": "must be a list; found {found}",
    "not_strings": "must be one string or a list of strings",
    "empty_stop": "can't hold an empty string",
    "long_stop": "holds a string that is too long",
    "unusable_stop": "holds a character that can't be used",
}
_OTHER_VARIABLES = (CONFIG_VARIABLE.removeprefix(PREFIX).lower(),)
_TAGS = {"backends": 2, "store": 1}
"""Where in a location pydantic puts the kind."""
_KIND_ERRORS = ("union_tag_invalid", "union_tag_not_found")


@dataclass(frozen=True, slots=True)
class Complaint:
    """What pydantic found wrong: `location` as people write it, without the union tags and marks that pydantic adds."""

    type: str
    location: tuple[str, ...]
    kind: str
    found: Any
    context: Mapping[str, Any]

    @classmethod
    def from_details(cls, details: ErrorDetails) -> Complaint:
        context = details.get("ctx", {})
        parts = [str(part) for part in details["loc"] if part != "[key]"]
        parts += [context["field"]] if "field" in context else []
        kind = ""
        tag = _TAGS.get(parts[0], len(parts)) if parts else 0
        if len(parts) > tag:
            kind = parts.pop(tag)
        if details["type"] in _KIND_ERRORS:
            parts.append("kind")
        of_key = details["loc"][-1:] == ("[key]",)
        return cls("unusable_name" if of_key else details["type"], tuple(parts), kind, details["input"], context)


class SettingsErrors:
    """Turns complaints about one file and one environment into sentences."""

    def __init__(
        self,
        fields: Sequence[SettingField],
        file: SettingsFile | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Without file and environment, as for settings made in chat, sentences begin with the setting's own name."""
        self._fields = fields
        self._file = file
        self._environment = environment

    def explain(self, details: ErrorDetails) -> InvalidSettings:
        """One sentence with the place and what must be there. Secrets and whole tables are never shown."""
        complaint = Complaint.from_details(details)
        if self._environment and self._from_environment(complaint, self._environment):
            return InvalidSettings(self._about_variable(complaint, self._environment))
        return InvalidSettings(self._about_key(complaint))

    def _about_key(self, complaint: Complaint) -> str:
        source = f"{self._file.name}: " if self._file else ""
        line = self._file.line_of(complaint.location) if self._file else None
        place = f" (line {line})" if line else ""
        if complaint.type == "extra_forbidden":
            hint = self._hint(complaint, _dotted)
            start = f"{source}there" if source else "There"
            return f"{start} is no setting {_dotted(complaint.location)}{place}.{hint}"
        return f"{source}{_dotted(complaint.location)} {self._phrase(complaint)}{place}."

    def _about_variable(self, complaint: Complaint, environment: Environment) -> str:
        location = complaint.location
        if complaint.type != "extra_forbidden":
            return f"{shorten(environment.name_of(location), 120)} {self._phrase(complaint)}."
        name = environment.first_below(location) or environment.name_of(location)
        below = name.removeprefix(variable_name(location)) if name.startswith(variable_name(location)) else ""
        hint = self._hint(complaint, lambda path: variable_name(path) + below, _OTHER_VARIABLES)
        return f"There is no setting {shorten(name, 80)}.{hint}"

    def _from_environment(self, complaint: Complaint, environment: Environment) -> bool:
        """Whether a variable is at fault. What is missing belongs to where the table around it was begun."""
        location = complaint.location
        if environment.holds(location) or self._file is None:
            return True
        above = location[:-1]
        return environment.holds(above) and not holds(self._file.values, above)

    def _phrase(self, complaint: Complaint) -> str:
        if complaint.type == SETTING_ERROR:
            return str(complaint.context["phrase"])
        if complaint.type == "unusable_name":
            return "is not a usable name; take small letters, digits, - and _"
        phrase = _PHRASES.get(complaint.type, "can't be used as it is; found {found}")
        there = (field.kind for field in self._fields if field.matches(complaint.location))
        kinds = ", ".join(f"'{kind}'" for kind in dict.fromkeys(there))
        context = {name: _plain(value) for name, value in complaint.context.items()}
        if "tag" in context:
            context["tag"] = _quoted(context["tag"])
        return phrase.format_map({**context, "found": self._found(complaint), "kinds": kinds})

    def _found(self, complaint: Complaint) -> str:
        location = complaint.location
        around = [field for n in range(1, len(location) + 1) for field in self._fields if field.matches(location[:n])]
        if any(field.secret for field in around):
            return "a value I won't show"
        if any(field.shape == "table" and field.matches(location) for field in around):
            return _kind_of_value(complaint.found)
        return _quoted(complaint.found)

    def _hint(self, complaint: Complaint, spell: Callable[[tuple[str, ...]], str], beside: tuple[str, ...] = ()) -> str:
        """The nearest name there is, or all of them; `beside` are top names that are no settings but may be meant."""
        above, name = complaint.location[:-1], complaint.location[-1]
        names = self._names_in(above, complaint.kind) + ([] if above else list(beside))
        meant = [ALIASES[name]] if ALIASES.get(name) in names else difflib.get_close_matches(name, names, n=1)
        if meant:
            return f" Did you mean {spell((*above, meant[0]))}?"
        return f" There are {', '.join(names)}." if names else ""

    def _names_in(self, above: tuple[str, ...], kind: str) -> list[str]:
        inside = (
            field.path[-1]
            for field in self._fields
            if len(field.path) == len(above) + 1
            and field.path[-1] != ANY_NAME
            and (not kind or field.kind == kind)
            and all(own in (part, ANY_NAME) for own, part in zip(field.path, above, strict=False))
        )
        return list(dict.fromkeys(inside))


def _plain(value: object) -> str:
    return f"{int(value)}" if isinstance(value, float) and value.is_integer() else str(value)


def _dotted(location: Sequence[str]) -> str:
    return shorten(".".join(part if part.isidentifier() else _quoted_key(part) for part in location), 120)


def _quoted_key(part: str) -> str:
    return part if part.replace("-", "").isalnum() else f'"{part}"'


def _quoted(value: Any) -> str:
    """A value as TOML would have it, short enough for a sentence."""
    if isinstance(value, str):
        return f"'{shorten(value, 60)}'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 200:
        return "a number with very many digits"
    return _kind_of_value(value) if isinstance(value, Mapping | list | tuple) else shorten(str(value), 60)


def _kind_of_value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a date or time"
