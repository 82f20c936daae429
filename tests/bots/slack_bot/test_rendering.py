"""Results as messages, within Slack's limits whatever their text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.slack_bot.markup import plain
from bots.slack_bot.rendering import (
    BODY_LIMIT,
    FILE,
    MAX_PARTS,
    ROOT_PROMPT,
    render_documents,
    render_root,
    render_samples,
)
from bots.views import ResultView, SampleView
from tests.fakes.slack_world.rules.blocks import check
from tests.fakes.slack_world.rules.problems import Inspection, Problems

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def view_of(prompt: str, *texts: str, ended: bool = True) -> ResultView:
    samples = tuple(SampleView(n, text, "length" if ended else None, n, "footer") for n, text in enumerate(texts))
    return ResultView(
        "01ABC",
        "01ABC",
        "C1",
        "complete",
        prompt,
        "temperature 0.8 · for @ada",
        "done" if ended else "writing",
        None if ended else "Writing …",
        samples,
        ("a note",),
        None,
        ("again", "continue", "vary", "delete") if ended else ("stop",),
        "U1",
    )


@given(TEXTS, TEXTS, st.booleans(), st.booleans())
def test_slack_takes_every_message(prompt: str, text: str, ended: bool, has_root: bool) -> None:
    view = view_of(prompt, text, text, ended=ended)
    for message in (render_root(view), *(message for _, message in render_samples(view, has_root))):
        problems = Problems()
        check(Inspection(problems, "invalid_blocks"), message.blocks)
        assert list(problems.reasons()) == []
        assert 0 < len(message.text) <= 4000


@pytest.mark.parametrize("length", [100, BODY_LIMIT, 3 * BODY_LIMIT, 20_000])
def test_nothing_of_a_long_text_is_lost(length: int) -> None:
    text = ("word " * length)[:length]
    view = view_of("Once ", text)
    bodies = [plain(message.body) for _, message in render_samples(view, True)]
    documents = [message.document for key, message in render_documents(view, True) if key == (0, FILE)]
    if documents:
        assert documents[0] is not None
        assert documents[0].text == f"Once {text}"
        assert len(bodies) == MAX_PARTS
    else:
        assert "".join(bodies) == f"Once {text}"
    assert all(len(each) <= BODY_LIMIT for each in bodies)


def test_a_long_prompt_is_quoted_in_part_and_given_as_a_file() -> None:
    view = view_of("x" * (ROOT_PROMPT + 1), "y")
    assert render_root(view).quote == "x" * ROOT_PROMPT + "…"
    assert [key for key, _ in render_documents(view, True)] == [(None, FILE)]
    assert list(render_documents(replace(view, status="writing"), True)) == []


def test_while_it_is_written_the_root_can_stop_it() -> None:
    root = render_root(view_of("Once", "", ended=False))
    assert [control.action for control in root.controls] == ["stop"]
    assert root.small[-1] == "Writing …"
    assert list(render_samples(view_of("Once", "", ended=False), True)) == []
    ((_, alone),) = render_samples(view_of("Once", "", ended=False), False)
    assert alone.small == ("Writing …",)
