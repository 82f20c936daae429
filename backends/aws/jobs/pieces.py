"""Prompts and journal entries cut to what one item takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from backends.aws.jobs.job import JournalEvent
from backends.protocol import SampleFinished, TextDelta

MAX_PIECE_BYTES = 300_000
"""An item takes 400 KB, names and all."""
MAX_CHARACTERS = MAX_PIECE_BYTES // 24
"""Of one event: a character takes up to 6 bytes, so that one event more than a piece's share still fits an item."""


def cut_text(text: str) -> list[str]:
    """Pieces that join to the text; one empty piece for no text."""
    starts = range(0, max(len(text), 1), MAX_CHARACTERS)
    return [text[start : start + MAX_CHARACTERS] for start in starts]


def entry_pieces(events: Sequence[JournalEvent]) -> list[str]:
    """The events of one entry as JSON lists, each short enough for an item."""
    lines = [json.dumps(written_event(event), ensure_ascii=False) for each in events for event in _small(each)]
    sizes = _running_sizes(lines)
    packed = groupby(zip(sizes, lines, strict=True), key=lambda pair: pair[0] // MAX_PIECE_BYTES)
    return ["[" + ",".join(line for _, line in group) + "]" for _, group in packed]


def read_piece(piece: str) -> Iterator[JournalEvent]:
    for values in json.loads(piece):
        yield read_event(values)


def _running_sizes(lines: Sequence[str]) -> Iterator[int]:
    """Where each line begins when they stand one after the other."""
    total = 0
    for line in lines:
        yield total
        total += len(line.encode()) + 1


def _small(event: JournalEvent) -> Iterator[JournalEvent]:
    if isinstance(event, TextDelta):
        yield from (TextDelta(event.sample, piece) for piece in cut_text(event.text))
    else:
        yield event


def written_event(event: JournalEvent) -> list[Any]:
    """As JSON keeps it: [sample, text], or [sample, null, finish reason, stop reason, tokens]."""
    if isinstance(event, TextDelta):
        return [event.sample, event.text]
    return [event.sample, None, event.finish_reason, event.stop_reason, event.completion_tokens]


def read_event(values: list[Any]) -> JournalEvent:
    """What `written_event` gave."""
    if len(values) == 2:
        return TextDelta(values[0], values[1])
    sample, _, finish_reason, stop_reason, completion_tokens = values
    return SampleFinished(sample, finish_reason, stop_reason, completion_tokens)
