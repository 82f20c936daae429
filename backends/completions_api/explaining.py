"""Asks a server of the completions API for probabilities: `next_tokens` of our engine, `logprobs` and `echo` of all."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from backends.completions_api.client import DONE, OpenAIClient
from backends.completions_api.dialect import Dialect, completion_body
from backends.completions_api.errors import malformed
from backends.completions_api.wire import Choice, LogprobsBlock, NextTokensBlock
from backends.deadline import Deadline
from backends.explanation import Alternative, Candidate, Explanation, Kept, TokenChance
from backends.protocol import CompletionRequest
from config.errors import PromptTooLong

CANDIDATES = 20
"""As many as the servers tell at once."""
ALTERNATIVES = 10
"""For each token of a text."""
_SPELLED = re.compile(r"\\x([0-9a-f]{2})")
_BYTES = "bytes:"
"""How half a character is spelled."""


@dataclass(slots=True)
class _Written:
    """What came of a question."""

    opening: str = ""
    """The prompt, where our engine echoed it."""
    text: str = ""
    parts: list[LogprobsBlock] = field(default_factory=list)
    """Of the log-probabilities, as they come."""
    next_tokens: NextTokensBlock | None = None
    count: int | None = None
    """Of the tokens that were written, where the server counts."""

    def add(self, choice: Choice) -> None:
        self.text += choice.text
        self.count = choice.completion_tokens if choice.completion_tokens is not None else self.count
        if choice.logprobs is not None:
            self.parts.append(LogprobsBlock.model_validate(choice.logprobs))
        if choice.next_tokens is not None:
            self.next_tokens, self.opening, self.text = choice.next_tokens, self.text, ""

    @property
    def tells_next_token(self) -> bool:
        return self.next_tokens is not None or any(part.tokens for part in self.parts)


@dataclass(frozen=True, slots=True)
class ExplainQuestion:
    """One request to be explained, put to one server in two questions: what comes next, and how likely all of it is."""

    client: OpenAIClient
    dialect: Dialect
    model: str | None
    request: CompletionRequest
    deadline: Deadline

    async def ask(self, text: str | None) -> Explanation:
        """See `Explainer.explain`."""
        try:
            return await self._ask(text)
        except ValidationError as error:
            raise malformed(self.client.name) from error

    async def _ask(self, text: str | None) -> Explanation:
        if text is None:
            return await self._explain_anew()
        # Where the prompt may have lost its beginning, the engine says what was left of it.
        echoed = self.request.keep_last_tokens is not None and self.dialect.tells_next_tokens
        first = await self._begin({"echo": True} if echoed else {}, whole=False)
        prompt = first.opening if echoed else self.request.prompt
        block = await self._score(prompt + text)
        count = _count_last(block.tokens, text)
        return Explanation(*_distribution(first, LogprobsBlock.joined(first.parts), 0), _told(block, count))

    async def _explain_anew(self) -> Explanation:
        """One answer tells everything, half characters too."""
        # Where `next_tokens` tells the candidates, fewer do here.
        told = ALTERNATIVES if self.dialect.tells_next_tokens else CANDIDATES
        written = await self._begin({"echo": True, "logprobs": told}, whole=True)
        block = LogprobsBlock.joined(written.parts)
        text = written.text if written.next_tokens else written.text.removeprefix(self.request.prompt)
        count = _count_last(block.tokens, text) if written.count is None else written.count
        return Explanation(*_distribution(written, block, len(block.tokens) - count), _told(block, count))

    async def _begin(self, more: Mapping[str, Any], *, whole: bool) -> _Written:
        """Write as the request says, so that the same prompts are too long; only a token, unless the `whole` text."""
        options = self.request.options.model_copy(update={"samples": 1})
        body = completion_body(replace(self.request, options=options), self.model, self.dialect, None)
        body["next_tokens" if self.dialect.tells_next_tokens else "logprobs"] = CANDIDATES
        written = _Written()
        async with aclosing(self.client.stream({**body, **more}, self.deadline)) as items:
            async for item in items:
                if item == DONE:
                    break
                for choice in item.choices:
                    written.add(choice)
                if written.tells_next_token and not whole:
                    break
        if not written.tells_next_token:
            raise malformed(self.client.name)
        return written

    async def _score(self, text: str) -> LogprobsBlock:
        """How likely each token of the text is; a text that fills the model loses its first ones."""
        body: dict[str, Any] = {
            "prompt": text,
            "max_tokens": 0,
            "echo": True,
            "logprobs": ALTERNATIVES,
            "temperature": 1.0,
        }
        if self.model is not None:
            body["model"] = self.model
        try:
            return await self._scored(body)
        except PromptTooLong as error:
            if error.limit < 1:
                raise
            return await self._scored(body | {"truncate_prompt_tokens": error.limit})

    async def _scored(self, body: dict[str, Any]) -> LogprobsBlock:
        """Our engine tells a text in parts, so that none becomes too long an event; others tell it in one."""
        scored = _Written()
        async with aclosing(self.client.stream(body, self.deadline)) as items:
            async for item in items:
                if item == DONE:
                    break
                for choice in item.choices:
                    scored.add(choice)
        if not scored.parts:
            raise malformed(self.client.name)
        return LogprobsBlock.joined(scored.parts)


def _distribution(written: _Written, block: LogprobsBlock, place: int) -> tuple[tuple[Candidate, ...], Kept | None]:
    """For the first written token, whose place in the log-probabilities this is."""
    told = written.next_tokens
    if told is not None:
        candidates = (
            Candidate(
                to_bytes(each.token), math.exp(each.logprob), _exp(each.tempered_logprob), _exp(each.kept_logprob)
            )
            for each in told.candidates
        )
        return tuple(candidates), Kept(told.kept_count, told.kept_mass)
    ordered = _ordered(block, place)
    return tuple(Candidate(to_bytes(token), math.exp(logprob)) for token, logprob in ordered), None


def _exp(logprob: float | None) -> float:
    return 0.0 if logprob is None else math.exp(logprob)


def _count_last(tokens: Sequence[str], text: str) -> int:
    """How many tokens make the text at the end; one that is of the prompt too is the prompt's."""
    left, count = len(text.encode()), 0
    for token in reversed(tokens):
        left -= len(to_bytes(token))
        if left < 0:
            break
        count += 1
    return count


def _told(block: LogprobsBlock, written: int) -> tuple[TokenChance, ...]:
    first = len(block.tokens) - written
    return tuple(
        TokenChance(
            to_bytes(token),
            None if logprob is None else math.exp(logprob),
            place >= first,
            _alternatives(block, place) if place >= first else (),
        )
        for place, (token, logprob) in enumerate(zip(block.tokens, block.token_logprobs, strict=True))
    )


def _alternatives(block: LogprobsBlock, place: int) -> tuple[Alternative, ...]:
    others = [(token, logprob) for token, logprob in _ordered(block, place) if token != block.tokens[place]]
    return tuple(Alternative(to_bytes(token), math.exp(logprob)) for token, logprob in others[:ALTERNATIVES])


def _ordered(block: LogprobsBlock, place: int) -> list[tuple[str, float]]:
    """What the server tells of one place, the likeliest first."""
    tops = (block.top_logprobs or ())[place : place + 1]
    return sorted((tops[0] or {}).items(), key=lambda item: -item[1]) if tops else []


def to_bytes(token: str) -> bytes:
    """A token as servers spell it: text, or `bytes:\\xe2\\x80` for what is no whole character."""
    if token.startswith(_BYTES) and token != _BYTES:
        spelled = token.removeprefix(_BYTES)
        if _SPELLED.sub("", spelled) == "":
            return bytes(int(each, 16) for each in _SPELLED.findall(spelled))
    return token.encode("utf-8", "replace")
