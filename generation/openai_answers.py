"""Answers in OpenAI's shape, with a few fields more for each choice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from generation.choices import ChoiceDelta


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

    def whole(self, choices: Iterable[ChoiceDelta], usage: Usage) -> dict[str, Any]:
        return {**self._frame(), "choices": [choice_json(choice) for choice in choices], "usage": usage.to_json()}

    def chunk(self, delta: ChoiceDelta, *, usage_follows: bool) -> dict[str, Any]:
        usage = {"usage": None} if usage_follows else {}
        return {**self._frame(), "choices": [choice_json(delta)], **usage}

    def usage_chunk(self, usage: Usage) -> dict[str, Any]:
        """The last chunk, when it was asked for."""
        return {**self._frame(), "choices": [], "usage": usage.to_json()}

    def _frame(self) -> dict[str, Any]:
        return {"id": self.id, "object": "text_completion", "created": self.created, "model": self.model}


def choice_json(delta: ChoiceDelta) -> dict[str, Any]:
    """`seed`, `stop_reason` and `completion_tokens`, which come with the end, and `next_tokens` are not OpenAI's."""
    choice: dict[str, Any] = {
        "index": delta.index,
        "text": delta.text,
        "logprobs": None if delta.logprobs is None else asdict(delta.logprobs),
        "finish_reason": None,
    }
    if delta.next_tokens is not None:
        choice["next_tokens"] = asdict(delta.next_tokens)
    return choice if delta.end is None else choice | asdict(delta.end)


def dump_json(answer: Mapping[str, Any]) -> bytes:
    """Text stays readable UTF-8, whole characters only."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
