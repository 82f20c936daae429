"""Answers in OpenAI's shape, with a few fields more for each choice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic_core import to_json

from generation.choices import ChoiceDelta, ChoiceEnd
from generation.logprobs import LogprobsBlock, NextTokensBlock, SpelledCandidate


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int

    def to_json(self) -> dict[str, int]:
        return {**asdict(self), "total_tokens": self.prompt_tokens + self.completion_tokens}


@dataclass(frozen=True, slots=True)
class AnswerFrame:
    """What all parts of one answer share."""

    id: str
    model: str
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, choices: Iterable[bytes], usage: Usage) -> bytes:
        """`choices` are JSON already."""
        fields = {**self._frame(), "choices": (), "usage": usage.to_json()}
        return _join_object({**_dump_each(fields), "choices": _join_list(choices)})

    def chunk(self, delta: ChoiceDelta, *, usage_follows: bool) -> dict[str, Any]:
        usage = {"usage": None} if usage_follows else {}
        return {**self._frame(), "choices": [_choice_json(delta)], **usage}

    def usage_chunk(self, usage: Usage) -> dict[str, Any]:
        """The last chunk, when it was asked for."""
        return {**self._frame(), "choices": [], "usage": usage.to_json()}

    def _frame(self) -> dict[str, Any]:
        return {"id": self.id, "object": "text_completion", "created": self.created, "model": self.model}


class WholeChoice:
    """A choice's deltas put together again, for answers that come whole.

    Each becomes JSON when it comes: all at the end, a large answer would hold up the event loop, and until then take
    several times the memory.
    """

    def __init__(self, index: int) -> None:
        self._index = index
        self._texts: list[str] = []
        self._logprobs: dict[str, list[bytes]] = {}
        self._next_tokens: bytes | None = None
        self._end: ChoiceEnd | None = None

    def add(self, delta: ChoiceDelta) -> None:
        self._texts.append(delta.text)
        self._end = delta.end or self._end
        if delta.next_tokens is not None:
            self._next_tokens = dump_json(_next_tokens_json(delta.next_tokens))
        if delta.logprobs is not None:
            for name, values in _fields(delta.logprobs).items():
                items = self._logprobs.setdefault(name, [])
                if values:
                    items.append(dump_json(values)[1:-1])

    def to_json(self) -> bytes:
        fields = _dump_each(_choice_json(ChoiceDelta(self._index, "".join(self._texts), end=self._end)))
        if self._logprobs:
            fields["logprobs"] = _join_object({name: _join_list(items) for name, items in self._logprobs.items()})
        if self._next_tokens is not None:
            fields["next_tokens"] = self._next_tokens
        return _join_object(fields)


def dump_json(answer: object) -> bytes:
    """Text stays readable UTF-8, whole characters only."""
    return to_json(answer)


def _choice_json(delta: ChoiceDelta) -> dict[str, Any]:
    """`seed`, `stop_reason` and `completion_tokens`, which come with the end, and `next_tokens` are not OpenAI's."""
    choice: dict[str, Any] = {
        "index": delta.index,
        "text": delta.text,
        "logprobs": None if delta.logprobs is None else _fields(delta.logprobs),
        "finish_reason": None,
    }
    if delta.next_tokens is not None:
        choice["next_tokens"] = _next_tokens_json(delta.next_tokens)
    return choice if delta.end is None else choice | asdict(delta.end)


def _next_tokens_json(block: NextTokensBlock) -> dict[str, Any]:
    return {**_fields(block), "candidates": [_fields(candidate) for candidate in block.candidates]}


def _fields(data: LogprobsBlock | NextTokensBlock | SpelledCandidate) -> dict[str, Any]:
    """As `asdict`, which would copy every number."""
    return {name: getattr(data, name) for name in data.__slots__}


def _dump_each(fields: Mapping[str, object]) -> dict[str, bytes]:
    return {name: dump_json(value) for name, value in fields.items()}


def _join_object(fields: Mapping[str, bytes]) -> bytes:
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), value) for name, value in fields.items()) + b"}"


def _join_list(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
