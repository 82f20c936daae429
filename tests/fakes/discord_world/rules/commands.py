"""Application commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import regex

from tests.fakes.discord_world.rules.problems import Problems

CHAT_INPUT = 1
SUB_COMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
NAME = regex.compile(r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$")
LONGEST_NAME, DESCRIPTION, MOST_OPTIONS, CHOICE_TEXT, LARGEST_TOTAL = 32, 100, 25, 100, 8000
LONGEST_STRING, LARGEST_NUMBER = 6000, 2**53 - 1
KEYS = (
    *("id", "type", "name", "name_localizations", "description", "description_localizations", "options"),
    *("default_member_permissions", "dm_permission", "default_permission", "integration_types", "contexts"),
    *("nsfw", "handler"),
)
OPTION_KEYS = (
    *("type", "name", "name_localizations", "description", "description_localizations", "required", "choices"),
    *("options", "channel_types", "min_value", "max_value", "min_length", "max_length", "autocomplete"),
)


def check_all(commands: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    for index, command in enumerate(commands):
        check(str(index), command, problems)
    named = Counter((each.get("name"), each.get("type", CHAT_INPUT)) for each in commands)
    for (name, _), times in named.items():
        if times > 1:
            sentence = f"Application command names must be unique: {name}"
            problems.refuse("", "APPLICATION_COMMANDS_DUPLICATE_NAME", sentence)


def check(path: str, command: Mapping[str, Any], problems: Problems) -> None:
    problems.keys(path, command, KEYS)
    if command.get("type", CHAT_INPUT) == CHAT_INPUT:
        _check_text(path, command, problems)
        check_options(path, command.get("options") or [], problems)
    else:
        problems.length(_at(path, "name"), command.get("name") or "", LONGEST_NAME, 1)
        if command.get("description") or command.get("options"):
            problems.refuse(path, "APPLICATION_COMMAND_INVALID", "Context menus take no description or options")
    if _size(command) > LARGEST_TOTAL:
        problems.refuse(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({LARGEST_TOTAL})")


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _check_text(path: str, thing: Mapping[str, Any], problems: Problems) -> None:
    name = thing.get("name") or ""
    if not NAME.match(name) or name != name.lower():
        problems.refuse(_at(path, "name"), "APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {name!r}")
    problems.length(_at(path, "description"), thing.get("description") or "", DESCRIPTION, 1)


def check_options(path: str, options: Sequence[Mapping[str, Any]], problems: Problems, depth: int = 0) -> None:
    here = _at(path, "options")
    problems.count(here, options, MOST_OPTIONS)
    for index, option in enumerate(options):
        _check_option(f"{here}.{index}", option, problems, depth)
    names = [option.get("name") for option in options]
    if len(set(names)) < len(names):
        problems.refuse(here, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        sentence = "Required options must be placed before non-required options"
        problems.refuse(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", sentence)
    nested = [option.get("type") in (SUB_COMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        problems.refuse(here, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Subcommands and options cannot be mixed")


def _check_option(path: str, option: Mapping[str, Any], problems: Problems, depth: int) -> None:
    problems.keys(path, option, OPTION_KEYS)
    _check_text(path, option, problems)
    kind = option.get("type")
    if not problems.one_of(f"{path}.type", kind, range(1, 12)):
        return
    if kind in (SUB_COMMAND, GROUP):
        if depth > 1 or (kind == GROUP and depth > 0):
            problems.refuse(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Nested too deeply")
        check_options(path, option.get("options") or [], problems, depth + 1)
        return
    if option.get("options"):
        problems.refuse(f"{path}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Only subcommands have options")
    _check_choices(path, option, problems)
    _check_bounds(path, option, problems)


def _check_choices(path: str, option: Mapping[str, Any], problems: Problems) -> None:
    choices, kind = option.get("choices") or [], option["type"]
    problems.count(f"{path}.choices", choices, MOST_OPTIONS)
    if choices and option.get("autocomplete"):
        problems.refuse(f"{path}.choices", "APPLICATION_COMMAND_INVALID", "Autocomplete excludes choices")
    if (choices or option.get("autocomplete")) and kind not in (STRING, INTEGER, NUMBER):
        problems.refuse(path, "APPLICATION_COMMAND_INVALID", "Only texts and numbers have choices or autocomplete")
    for index, choice in enumerate(choices):
        here = f"{path}.choices.{index}"
        problems.keys(here, choice, ("name", "value", "name_localizations"))
        problems.length(f"{here}.name", choice.get("name") or "", CHOICE_TEXT, 1)
        if kind == STRING:
            problems.length(f"{here}.value", choice.get("value"), CHOICE_TEXT)
        elif not isinstance(choice.get("value"), int | float):
            problems.refuse(f"{here}.value", "NUMBER_TYPE_COERCE", "Value is not a number")
    for key in ("name", "value"):
        if len({choice.get(key) for choice in choices}) < len(choices):
            problems.refuse(f"{path}.choices", "APPLICATION_COMMAND_INVALID", f"Choices repeat a {key}")


def _check_bounds(path: str, option: Mapping[str, Any], problems: Problems) -> None:
    for unit, kinds, low, high in (
        ("length", (STRING,), 0, LONGEST_STRING),
        ("value", (INTEGER, NUMBER), -LARGEST_NUMBER, LARGEST_NUMBER),
    ):
        least, most = option.get(f"min_{unit}"), option.get(f"max_{unit}")
        if (least is not None or most is not None) and option["type"] not in kinds:
            problems.frown(path, f"min_{unit} and max_{unit} mean nothing for this type")
        problems.within(f"{path}.min_{unit}", least, low, high)
        problems.within(f"{path}.max_{unit}", most, max(low, 1) if unit == "length" else low, high)
        if least is not None and most is not None and least > most:
            problems.refuse(f"{path}.min_{unit}", "APPLICATION_COMMAND_INVALID", "The minimum exceeds the maximum")


def _size(thing: Mapping[str, Any]) -> int:
    """Names, descriptions and values at any depth; of translations, the longest counts."""
    size = 0
    for key in ("name", "description"):
        translated = (thing.get(f"{key}_localizations") or {}).values()
        size += max(len(text or "") for text in [thing.get(key), *translated])
    size += len(thing["value"]) if isinstance(thing.get("value"), str) else 0
    return size + sum(_size(each) for part in ("options", "choices") for each in thing.get(part) or [])
