from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.completions_api.sse import EventTooLong, ServerSentEvent, SseParser

BLANKS = ("\n", "\r\n", "\r")


def parse(*chunks: bytes) -> list[ServerSentEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.close()


def data_of(*chunks: bytes) -> list[str]:
    return [event.data for event in parse(*chunks)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data:a\ndata: b\n\n", ["a\nb"]),
        (b"data:  a\n\n", [" a"]),
        (b": ping\n\n: ping\ndata: a\n\n", ["a"]),
        (b"id: 1\nretry: 5\nnonsense\ndata: a\n\n", ["a"]),
        (b"\n\n\ndata: a\n\n\n\n", ["a"]),
        (b"data: a", ["a"]),
        (b"data: a\n", ["a"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (b"data\n\n", [""]),
        (b"", []),
    ],
)
def test_reads_what_servers_write(stream: bytes, expected: list[str]) -> None:
    assert data_of(stream) == expected


def test_event_names_last_for_one_event() -> None:
    assert parse(b"event: error\ndata: a\n\ndata: b\n\n") == [
        ServerSentEvent("a", "error"),
        ServerSentEvent("b", "message"),
    ]


def test_cr_and_lf_in_two_chunks_are_one_line_end() -> None:
    assert data_of(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == ["a\nb"]


def test_character_in_two_chunks_stays_whole() -> None:
    assert data_of(b"data: \xc3", b"\xa9\n\n") == ["é"]


_LINES = st.lists(
    st.sampled_from(["data: é", "data:", "data: a:b", ": c", "event: error", "id: 7", "", "🖋", "data: [DONE]"])
)


@given(lines=_LINES, ends=st.lists(st.sampled_from(BLANKS), min_size=1), cuts=st.lists(st.integers(0, 200)))
def test_any_chunking_gives_the_same_events(lines: list[str], ends: list[str], cuts: list[int]) -> None:
    stream = "".join(line + ends[index % len(ends)] for index, line in enumerate(lines)).encode()
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(places)]
    assert parse(*chunks) == parse(stream)


@given(st.binary())
def test_no_bytes_break_it(stream: bytes) -> None:
    assert parse(*(bytes([byte]) for byte in stream)) == parse(stream)


@given(st.lists(st.text().map(lambda text: text.replace("\r", "").replace("\n", "")), min_size=1))
def test_what_is_written_is_read(texts: list[str]) -> None:
    stream = "".join(f"data: {text}\n\n" for text in texts).encode(errors="replace")
    assert data_of(stream) == [text.encode(errors="replace").decode() for text in texts]


@pytest.mark.parametrize("endless", [b"data: aaaa", b"data: aaaa\n", b"data\n"])
def test_an_event_without_end_is_given_up(endless: bytes) -> None:
    parser = SseParser(max_event_characters=1000)
    parser.feed(endless * 50)
    with pytest.raises(EventTooLong):
        parser.feed(endless * 1000)
