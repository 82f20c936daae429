"""Messages of a result, whatever is in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.protocol import Progress
from bots.discord_bot.markup import MARKUP, MESSAGE_LIMIT
from bots.discord_bot.rendering import MAX_PARTS, render_root, render_samples
from bots.presenter import present
from bots.views import ResultView
from config.sampling import SamplingOptions
from tests.fakes.records import make_finished_sample, make_request, make_sample

PIECES = st.sampled_from([*"ab \n*_`<@[#>-.|~\\", "```", "🖋️", "\n```\n", "word ", "https://a.b/"])
HARD = st.lists(PIECES, max_size=2000).map("".join)


def ended(prompt: str, *texts: str, **changes: object) -> ResultView:
    options = changes.pop("options", None) or SamplingOptions(seed=1, samples=max(len(texts), 1))
    record = make_request(status="done", prompt=prompt, options=options, **changes)
    return present(record, [make_finished_sample(record, index, text=text) for index, text in enumerate(texts)])


def contents(view: ResultView, has_root: bool = True) -> list[str]:
    return [message.content for _, message in render_samples(view, has_root)]


@given(HARD, HARD, st.booleans())
def test_every_message_fits_and_holds_something(prompt: str, text: str, has_root: bool) -> None:
    options = SamplingOptions(seed=1, stop=("*" * 100, "`" * 100, "_" * 100, "<" * 100))
    view = ended(prompt or "x", text, requester_name="*" * 32, notes=("~" * 300,) * 4, options=options)
    messages = [render_root(view), *(message for _, message in render_samples(view, has_root))]
    for message in messages:
        assert MARKUP.length(message.content) <= MESSAGE_LIMIT
        assert message.content.strip()
        assert len(message.controls) <= 5


def test_a_short_result_is_one_message() -> None:
    (message,) = contents(ended("Once", " upon"))
    assert message.startswith("**Once** upon\n-# ")


def test_samples_are_numbered() -> None:
    assert [each.split("\n")[0] for each in contents(ended("Once", " a", " b"))] == ["-# 1/2", "-# 2/2"]


def test_without_a_root_the_settings_stand_above() -> None:
    (message,) = contents(ended("Once", " upon", kind="regenerate"), has_root=False)
    assert message.startswith("-# Again · temperature 0.8")


def test_while_it_waits_it_says_why() -> None:
    view = present(make_request(), (), Progress("queued", 2, 20.0))
    (message,) = contents(view)
    assert message == "**Once upon a time**\n-# Queued, 2 ahead of you, about 20 s."


def test_while_it_is_written_only_samples_that_have_begun_are_shown() -> None:
    record = make_request(status="running", options=SamplingOptions(samples=3, seed=1))
    samples = [make_sample(record, index, text=" x" if index == 1 else "") for index in range(3)]
    first, second = contents(present(record, samples))
    assert first.endswith("**Once upon a time**▌")
    assert second.endswith("**Once upon a time** x▌")


def test_only_the_last_message_of_a_text_has_buttons() -> None:
    messages = [message for _, message in render_samples(ended("Once", " word" * 600), True)]
    assert [bool(message.controls) for message in messages] == [False, False, True]


def test_a_long_text_is_a_file_with_its_beginning_above() -> None:
    messages = [message for _, message in render_samples(ended("Once", " word" * 3000), True)]
    assert len(messages) == MAX_PARTS
    (document,) = messages[-1].documents
    assert document.text == "Once" + " word" * 3000
    assert "-# The whole text, 15,000 characters, is in the file." in messages[-1].content


def test_a_long_prompt_is_quoted_in_part_and_attached_whole() -> None:
    prompt = "many words " * 1000
    root = render_root(ended(prompt, " x"))
    assert root.documents[0].text == prompt
    (message,) = contents(ended(prompt, " x"))
    assert message.startswith("**…")


@pytest.mark.parametrize(("kind", "count"), [("edit", 1), ("complete", 1), ("regenerate", 0)])
def test_without_a_root_a_long_prompt_of_its_own_is_attached(kind: str, count: int) -> None:
    messages = [message for _, message in render_samples(ended("word " * 300, " x", kind=kind), False)]
    assert len(messages[0].documents) == count


def test_a_long_prompt_in_a_code_block_stays_in_one() -> None:
    (message,) = contents(ended("```py\n" + "x = 1\n" * 200, "y = 2\n```"))
    assert message.startswith("```py\n…")
    assert message.count("```") == 2


def test_nothing_written_offers_nothing_to_go_on_from() -> None:
    view = replace(ended("Once", "", " x"), actions=("again", "continue", "pick", "vary"))
    empty, written = (message for _, message in render_samples(view, True))
    assert [each.action for each in empty.controls] == ["again", "vary"]
    assert [each.action for each in written.controls] == ["again", "pick", "vary"]
