"""Modals and the choices of an autocomplete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord_world.rules.components import (
    SELECTS,
    TEXT_DISPLAY,
    check_custom_id,
    check_ids,
    check_options,
    check_part,
    check_select,
)
from tests.fakes.discord_world.rules.problems import Problems

ROW, TEXT_INPUT, LABEL, WITH_OPTIONS = 1, 4, 18, (21, 22)
INPUTS = (TEXT_INPUT, *SELECTS, 19, 21, 22, 23)
TITLE, MOST_PARTS, LABEL_TEXT, DESCRIPTION, INPUT_TEXT, PLACEHOLDER = 45, 5, 45, 100, 4000, 100
MOST_CHOICES, CHOICE_TEXT = 25, 100


def check(modal: Mapping[str, Any], problems: Problems) -> None:
    problems.keys("data", modal, ("custom_id", "title", "components"))
    check_custom_id("data", modal, problems)
    if problems.needed("data.title", modal.get("title")):
        problems.length("data.title", modal["title"], TITLE)
    parts = modal.get("components") or []
    problems.count("data.components", parts, MOST_PARTS, 1)
    for index, part in enumerate(parts):
        _check_part(f"data.components.{index}", part, problems)
    check_ids(parts, problems)


def _check_part(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    if not problems.one_of(f"{path}.type", part.get("type"), (ROW, TEXT_DISPLAY, LABEL)):
        return
    if part["type"] == TEXT_DISPLAY:
        check_part(path, part, problems)
    elif part["type"] == LABEL:
        _check_label(path, part, problems)
    else:
        _check_row(path, part, problems)


def _check_label(path: str, label: Mapping[str, Any], problems: Problems) -> None:
    problems.keys(path, label, ("type", "id", "label", "description", "component"))
    if problems.needed(f"{path}.label", label.get("label")):
        problems.length(f"{path}.label", label["label"], LABEL_TEXT)
    problems.length(f"{path}.description", label.get("description"), DESCRIPTION)
    inner = label.get("component") or {}
    if problems.one_of(f"{path}.component.type", inner.get("type"), INPUTS):
        _check_input(f"{path}.component", inner, problems)
    if inner.get("label"):
        problems.refuse(f"{path}.component.label", "COMPONENT_INVALID", "Inside a label, an input has none of its own")


def _check_row(path: str, row: Mapping[str, Any], problems: Problems) -> None:
    """The old form: one text input in a row, with its own label."""
    parts = row.get("components") or []
    problems.count(f"{path}.components", parts, 1, 1)
    for index, part in enumerate(parts):
        here = f"{path}.components.{index}"
        if problems.one_of(f"{here}.type", part.get("type"), (TEXT_INPUT,)):
            _check_input(here, part, problems)
        if problems.needed(f"{here}.label", part.get("label")):
            problems.length(f"{here}.label", part["label"], LABEL_TEXT)


def _check_input(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    check_custom_id(path, part, problems)
    if part["type"] == TEXT_INPUT:
        _check_text_input(path, part, problems)
    elif part["type"] in SELECTS:
        check_select(path, part, problems)
    elif part["type"] in WITH_OPTIONS:
        check_options(path, part, problems)


def _check_text_input(path: str, part: Mapping[str, Any], problems: Problems) -> None:
    problems.one_of(f"{path}.style", part.get("style"), (1, 2))
    problems.length(f"{path}.placeholder", part.get("placeholder"), PLACEHOLDER)
    problems.within(f"{path}.min_length", part.get("min_length"), 0, INPUT_TEXT)
    problems.within(f"{path}.max_length", part.get("max_length"), 1, INPUT_TEXT)
    problems.length(f"{path}.value", part.get("value"), part.get("max_length") or INPUT_TEXT)
    if (part.get("min_length") or 0) > (part.get("max_length") or INPUT_TEXT):
        problems.refuse(f"{path}.min_length", "TEXT_INPUT_COMPONENT_INVALID", "The minimum exceeds the maximum")


def check_choices(data: Mapping[str, Any], problems: Problems) -> None:
    problems.keys("data", data, ("choices",))
    choices = data.get("choices")
    if choices is None:
        problems.needed("data.choices", None)
        return
    problems.count("data.choices", choices, MOST_CHOICES)
    for index, choice in enumerate(choices):
        here = f"data.choices.{index}"
        problems.keys(here, choice, ("name", "value", "name_localizations"))
        if problems.needed(f"{here}.name", choice.get("name")):
            problems.length(f"{here}.name", choice["name"], CHOICE_TEXT)
        if isinstance(choice.get("value"), str):
            problems.length(f"{here}.value", choice["value"], CHOICE_TEXT, 1)
