"""From a server's chunks to Inkling's events: deltas join to the text, each sample ends once, whatever its habits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backends.completions_api.errors import ConnectionLost, malformed
from backends.completions_api.wire import Choice, CompletionChunk
from backends.protocol import CompletionEvent, FinishReason, SampleFinished, TextDelta
from config.errors import EngineFailed

_BROKEN = ("abort", "error")


class SampleReader:
    """Reads one connection, which carries the samples `first` … `first + count - 1`."""

    def __init__(self, backend: str, first: int, count: int, stops: tuple[str, ...]) -> None:
        self._backend = backend
        self._first = first
        self._count = count
        self._stops = stops
        self._open = set(range(count))
        self._held: SampleFinished | None = None

    def read(self, chunk: CompletionChunk) -> Iterator[CompletionEvent]:
        """Raises EngineFailed when the server gives up on a sample or sends one nobody asked for."""
        for choice in chunk.choices:
            yield from self._choice(choice)
        if chunk.usage is not None and chunk.usage.completion_tokens is not None and self._held is not None:
            self._held = replace(self._held, completion_tokens=chunk.usage.completion_tokens)

    def end(self, *, done: bool) -> Iterator[CompletionEvent]:
        """Nothing more comes. Without [DONE] (`done`), a sample that has not ended was cut off: ConnectionLost."""
        if self._held is not None:
            yield self._held
        if self._open and not done:
            raise ConnectionLost(f"{self._backend} closed the connection before it was done.")
        for index in sorted(self._open):
            yield SampleFinished(self._first + index, "stop", None)

    def _choice(self, choice: Choice) -> Iterator[CompletionEvent]:
        if not 0 <= choice.index < self._count:
            raise malformed(self._backend)
        if choice.index not in self._open:
            return
        if choice.text:
            yield TextDelta(self._first + choice.index, choice.text)
        if choice.finish_reason:
            self._open.discard(choice.index)
            yield from self._finish(choice)

    def _finish(self, choice: Choice) -> Iterator[CompletionEvent]:
        """Where the count comes only with `usage`, after the text, the end of the only sample waits for it."""
        if choice.finish_reason in _BROKEN:
            raise EngineFailed(f"{self._backend} gave up on this completion; the text so far is kept.")
        reason: FinishReason = "length" if choice.finish_reason == "length" else "stop"
        stop = choice.stop_reason if choice.stop_reason in self._stops else None
        finished = SampleFinished(
            self._first + choice.index, reason, stop if isinstance(stop, str) else None, choice.completion_tokens
        )
        if finished.completion_tokens is None and self._count == 1:
            self._held = finished
        else:
            yield finished
