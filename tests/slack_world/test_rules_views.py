"""Each rule on modals and Home tabs is caught."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.slack_world.rules import views
from tests.fakes.slack_world.rules.problems import Problems
from tests.slack_world.test_rules_messages import many, option, plain, section


def modal(*blocks: dict[str, Any], **held: Any) -> dict[str, Any]:
    shown = {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": list(blocks) or [section()]}
    return {key: value for key, value in (shown | held).items() if value is not None}


def field(**element: Any) -> dict[str, Any]:
    about = {"type": "plain_text_input", "action_id": "typed"} | element
    return {"type": "input", "block_id": "words", "label": plain("Words"), "element": about}


def number(**element: Any) -> dict[str, Any]:
    return field(type="number_input", is_decimal_allowed=True, **element)


VIEWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "title of 25": (modal(title=plain("a" * 25)), "/view/title/text", "less than 25"),
    "no title": (modal(title=None), "/view/title", "text object"),
    "submit of 25": (modal(submit=plain("a" * 25)), "/view/submit/text", "less than 25"),
    "close of 25": (modal(close=plain("a" * 25)), "/view/close/text", "less than 25"),
    "private_metadata of 3001": (modal(private_metadata="a" * 3001), "/view/private_metadata", "less than 3001"),
    "callback_id of 256": (modal(callback_id="a" * 256), "/view/callback_id", "less than 256"),
    "101 blocks": (modal(*many(101, lambda _: section())), "/view/blocks", "no more than 100"),
    "unknown field": (modal(colour="red"), "/view/colour", "additional property"),
    "another type": (modal() | {"type": "popup"}, "/view/type", "must be modal"),
    "inputs without submit": (modal(field(), submit=None), "/view", "missing required field: submit"),
    "input without label": (modal(field() | {"label": None}), "/view/blocks/0/label", "text object"),
    "label of 2001": (modal(field() | {"label": plain("a" * 2001)}), "/view/blocks/0/label/text", "less than 2001"),
    "input of a button": (modal(field(type="button")), "/view/blocks/0/element/type", "unsupported type here"),
    "input without element": (modal(field() | {"element": None}), "/view/blocks/0/element", "missing"),
    "max_length of 3001": (modal(field(max_length=3001)), "/view/blocks/0/element/max_length", "between 1 and 3000"),
    "initial_value too long": (
        modal(field(max_length=3, initial_value="abcd")),
        "/view/blocks/0/element/initial_value",
        "less than 4",
    ),
    "number as a number": (modal(number(initial_value=1)), "/view/blocks/0/element/initial_value", "be a string"),
    "number without decimals said": (
        modal(field(type="number_input")),
        "/view/blocks/0/element",
        "is_decimal_allowed",
    ),
    "11 checkboxes": (
        modal(field(type="checkboxes", options=many(11, lambda each: option(f"{each}")))),
        "/view/blocks/0/element/options",
        "no more than 10",
    ),
    "no initial options": (
        modal(field(type="checkboxes", options=[option()], initial_options=[])),
        "/view/blocks/0/element/initial_options",
        "no fewer than 1",
    ),
    "too large": (
        modal(*many(90, lambda _: section(text=plain("a" * 2900)))),
        "/view",
        "view_too_large",
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_modals_are_refused(name: str) -> None:
    view, path, sentence = VIEWS[name]
    problems = Problems()
    views.check(problems, view, "modal")
    assert any(where == path and sentence in reason for where, reason in problems.reasons()), problems.reasons()
    assert problems.error in ("invalid_arguments", "view_too_large")


def test_what_is_right_passes() -> None:
    problems = Problems()
    asked = [
        field(max_length=3000, initial_value="a", placeholder=plain("b")),
        number(min_value="0", max_value="2", initial_value="0.7") | {"block_id": "n", "optional": True},
        field(type="static_select", options=[option()], initial_option=option()) | {"block_id": "m"},
    ]
    shown = modal(*asked, title=plain("a" * 24), private_metadata="a" * 3000, notify_on_close=True)
    views.check(problems, shown, "modal")
    views.check(problems, {"type": "home", "blocks": many(100, lambda _: section())}, "home")
    assert problems.reasons() == []


def test_a_home_tab_is_no_modal() -> None:
    problems = Problems()
    views.check(problems, {"type": "home", "blocks": [section()], "title": plain()}, "home")
    assert problems.reasons() == [("/view/title", "invalid_arguments: invalid additional property: title")]
