"""What a reader hears of a job that several attempts wrote, wherever each broke off and however it was cut up."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.aws.client.jobs import JobView
from backends.aws.jobs.job import JobState, JournalEvent, Mark
from backends.aws.told import Told
from backends.protocol import CompletionEvent, Progress, SampleFinished, TextDelta
from config.errors import EngineFailed

TEXTS = ("Once upon a time 🖋 there was", "", "a keeper of\nlamps")
ENDS = tuple(SampleFinished(sample, "length", None, sample) for sample in range(len(TEXTS)))


def view(state: JobState, attempt: int, sequence: int, *events: JournalEvent, **more: Any) -> JobView:
    return JobView.model_construct(id="x", state=state, mark=Mark(attempt, sequence), events=events, **more)


@st.composite
def attempts(draw: st.DrawFn) -> list[JobView]:
    """What is read of several attempts, each cut up in its own way; all but the last break off somewhere."""
    views: list[JobView] = []
    for attempt in range(1, draw(st.integers(1, 4)) + 1):
        events: list[JournalEvent] = []
        for sample, text in enumerate(TEXTS):
            cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=4))})
            events += [TextDelta(sample, text[start:end]) for start, end in pairwise(cuts)]
            events.append(ENDS[sample])
        whole = draw(st.integers(0, len(events)))
        views += [view("running", attempt, number + 1, event) for number, event in enumerate(events[:whole])]
        views += [view("queued", attempt, whole)] * draw(st.integers(0, 1))
    last = max(each.mark.attempt for each in views) if views else 0
    final = [event for text in enumerate(TEXTS) for event in (TextDelta(*text), ENDS[text[0]])]
    return [*views, view("done", last + 1, 1, *final)]


def told_of(views: list[JobView]) -> list[CompletionEvent]:
    told = Told("aws")
    return [event for each in views for event in told.news(each)]


@given(attempts())
def test_it_hears_each_text_once_and_each_end_once_whoever_wrote_it(views: list[JobView]) -> None:
    texts: dict[int, str] = defaultdict(str)
    ended: set[int] = set()
    for event in told_of(views):
        match event:
            case TextDelta(sample, text):
                assert text
                assert sample not in ended
                texts[sample] += text
            case SampleFinished(sample):
                assert event == ENDS[sample]
                assert sample not in ended
                ended.add(sample)
            case Progress():
                assert not texts
                assert not ended
    assert tuple(texts[sample] for sample in range(len(TEXTS))) == TEXTS
    assert len(ended) == len(TEXTS)


END = SampleFinished(0, "length", None, 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([TextDelta(0, "Once")], [TextDelta(0, "Twice")]),
        ([TextDelta(0, "Once upon")], [TextDelta(0, "Once"), END]),
        ([TextDelta(0, "Once"), END], [TextDelta(0, "Once upon")]),
        ([TextDelta(0, "Once"), END], [TextDelta(0, "Once"), SampleFinished(0, "stop", "!", 2)]),
    ],
)
def test_another_text_is_no_continuation(first: list[JournalEvent], second: list[JournalEvent]) -> None:
    with pytest.raises(EngineFailed, match=r"^aws had to begin again and wrote something else; the text so far is kep"):
        told_of([view("running", 1, 1, *first), view("running", 2, 1, *second)])


def test_it_hears_why_there_is_nothing_yet_when_that_changes() -> None:
    views = [
        view("queued", 0, 0, position=2, waking=True, eta_s=30.0),
        view("queued", 0, 0, position=2, waking=True, eta_s=30.0),
        view("queued", 0, 0, position=2, waking=True, eta_s=15.0),
        view("queued", 0, 0, position=2, waking=True),
        view("queued", 0, 0, position=1, waking=False),
        view("running", 1, 0),
        view("running", 1, 0),
        view("running", 1, 1, TextDelta(0, "Once")),
        view("queued", 1, 1, position=0, waking=True),
    ]
    assert told_of(views) == [
        Progress("waking", 2, 30.0),
        Progress("waking", 2, 15.0),
        Progress("waking", 2),
        Progress("queued", 1),
        Progress("running"),
        TextDelta(0, "Once"),
    ]
