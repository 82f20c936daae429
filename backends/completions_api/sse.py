"""Server-sent events from bytes, however the network cuts them. Follows the WHATWG parsing rules."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

MAX_EVENT_CHARACTERS = 4_000_000


class EventTooLong(ValueError):
    """One event does not end; reading on would fill the memory."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    data: str
    event: str = "message"


class SseParser:
    """Feed it bytes; it gives the events they complete. Comments, `id` and `retry` are read over."""

    def __init__(self, max_event_characters: int = MAX_EVENT_CHARACTERS) -> None:
        self._max_event_characters = max_event_characters
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
        self._rest: list[str] = []
        self._rest_size = 0
        self._data: list[str] = []
        self._data_size = 0
        self._event = ""
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Events completed by `chunk`. Raises EventTooLong."""
        return self._read(self._decoder.decode(chunk))

    def close(self) -> list[ServerSentEvent]:
        """What is left when the connection ends; servers that forget the last blank line still get heard."""
        events = self._read(self._decoder.decode(b"", final=True))
        if self._rest:
            self._line(self._take_rest())
        return [*events, *self._dispatch()]

    def _read(self, text: str) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        if self._after_cr and text:
            text = text.removeprefix("\n")
            self._after_cr = False
        if text.endswith("\r"):
            self._after_cr = True
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            events += self._line(self._take_rest() + line)
        self._keep(rest)
        return events

    def _keep(self, rest: str) -> None:
        if rest:
            self._rest.append(rest)
            self._rest_size += len(rest)
        if self._rest_size + self._data_size > self._max_event_characters:
            raise EventTooLong

    def _take_rest(self) -> str:
        rest, self._rest, self._rest_size = "".join(self._rest), [], 0
        return rest

    def _line(self, line: str) -> list[ServerSentEvent]:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._data_size += len(value) + 1
        elif field == "event":
            self._event = value
        return []

    def _dispatch(self) -> list[ServerSentEvent]:
        data, event = self._data, self._event or "message"
        self._data, self._data_size, self._event = [], 0, ""
        return [ServerSentEvent("\n".join(data), event)] if data else []
