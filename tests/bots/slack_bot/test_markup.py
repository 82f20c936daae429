"""Text on its way to Slack: nothing of it is lost, and none of it means anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack_bot.markup import MARKUP, escape, escape_markdown, plain, rich_elements, streamed
from bots.slack_bot.rendering import BODY_LIMIT
from bots.splitting import split
from tests.fakes.slack_world.mentions import in_markdown, in_mrkdwn
from tests.fakes.slack_world.reading import markdown, mrkdwn

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
WITHOUT_FENCES = TEXTS.filter(lambda text: "```" not in text)
MARKED = st.text(st.sampled_from("<>&*_~`[]()!@#|\\ abU1:/.\n"), max_size=80)


def texts(elements: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(piece["text"], "style" in piece) for element in elements for piece in element["elements"]]


@given(WITHOUT_FENCES, WITHOUT_FENCES)
def test_a_text_comes_out_as_it_went_in(prompt: str, completion: str) -> None:
    parts = split(prompt, completion, MARKUP, BODY_LIMIT)
    shown = "".join(text for part in parts for text, _ in texts(rich_elements(part)))
    assert shown.strip() == (prompt + completion).strip()


@given(WITHOUT_FENCES)
def test_plain_leaves_the_marks_out(text: str) -> None:
    assert plain(MARKUP.strong(MARKUP.escape(text))) == text


def test_the_prompt_is_bold() -> None:
    (part,) = split("Once ", "upon", MARKUP, 100)
    assert texts(rich_elements(part)) == [("Once", True), (" upon", False)]


def test_code_is_a_block_of_its_own() -> None:
    kinds = [each["type"] for each in rich_elements("before\n```python\nprint('<b>')\n```\nafter")]
    assert kinds == ["rich_text_section", "rich_text_section", "rich_text_preformatted", "rich_text_section"]
    assert texts(rich_elements("```\nx\n```")) == [("x", False)]
    assert rich_elements("```\n```") == []
    assert rich_elements("") == []


@given(MARKED)
def test_escaped_text_calls_nobody(text: str) -> None:
    assert list(in_mrkdwn(escape(text))) == []
    assert list(in_markdown(escape_markdown(text))) == []
    assert list(in_markdown(streamed(text, text))) == []


@pytest.mark.parametrize("text", ["a < b & c > d", "&lt;", "&amp;lt; <!channel>", "<@U1> <http://x|y>"])
def test_escaped_text_reads_as_it_was(text: str) -> None:
    assert mrkdwn(escape(text)) == text
    assert markdown(escape_markdown(text)) == text


def test_a_stream_begins_with_the_prompt_in_bold() -> None:
    assert streamed("Once ", "up*on") == "**Once** up\\*on"
    assert streamed("", "x") == "x"
