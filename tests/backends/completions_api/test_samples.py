from __future__ import annotations

from typing import Any

import pytest

from backends.completions_api.errors import ConnectionLost
from backends.completions_api.samples import SampleReader
from backends.completions_api.wire import CompletionChunk
from backends.protocol import CompletionEvent, SampleFinished, TextDelta
from config.errors import EngineFailed


def read(reader: SampleReader, *choices: dict[str, Any], **more: Any) -> list[CompletionEvent]:
    return list(reader.read(CompletionChunk.model_validate({"choices": choices, **more})))


def reader(count: int = 1, first: int = 0) -> SampleReader:
    return SampleReader("main", first, count, ("\n",))


def test_numbers_samples_from_the_first() -> None:
    assert read(reader(first=3), {"text": "a"}) == [TextDelta(3, "a")]


def test_empty_and_missing_text_is_no_event() -> None:
    assert read(reader(), {"text": ""}, {"text": None}, {}) == []


def test_end_waits_for_the_count() -> None:
    one = reader()
    assert read(one, {"text": "a", "finish_reason": "length"}) == [TextDelta(0, "a")]
    assert read(one, usage={"completion_tokens": 9}) == []
    assert list(one.end(done=True)) == [SampleFinished(0, "length", None, 9)]


def test_end_comes_at_once_with_its_count() -> None:
    choice = {"finish_reason": "stop", "stop_reason": "\n", "completion_tokens": 3}
    assert read(reader(), choice) == [SampleFinished(0, "stop", "\n", 3)]


def test_each_sample_ends_once_and_says_nothing_after() -> None:
    two = reader(2)
    end = {"index": 1, "finish_reason": "stop"}
    assert read(two, end, end, {"index": 1, "text": "late"}) == [SampleFinished(1, "stop", None)]


@pytest.mark.parametrize("reason", ["stop", "eos_token", "stop_sequence", "content_filter"])
def test_reasons_of_other_servers_are_stop(reason: str) -> None:
    one = reader()
    read(one, {"finish_reason": reason})
    assert list(one.end(done=False)) == [SampleFinished(0, "stop", None)]


@pytest.mark.parametrize("stop_reason", [50256, "other", None])
def test_stop_reason_is_a_stop_string_or_nothing(stop_reason: object) -> None:
    choice = {"finish_reason": "stop", "stop_reason": stop_reason, "completion_tokens": 1}
    assert read(reader(), choice) == [SampleFinished(0, "stop", None, 1)]


def test_done_without_a_reason_ends_what_is_open() -> None:
    assert list(reader().end(done=True)) == [SampleFinished(0, "stop", None)]


def test_connection_that_ends_without_a_word_is_lost() -> None:
    with pytest.raises(ConnectionLost):
        list(reader().end(done=False))


def test_server_that_gives_up_is_told() -> None:
    with pytest.raises(EngineFailed, match="gave up"):
        read(reader(), {"finish_reason": "abort"})


def test_sample_nobody_asked_for_is_malformed() -> None:
    with pytest.raises(EngineFailed, match="isn't a completion"):
        read(reader(), {"index": 1, "text": "a"})
