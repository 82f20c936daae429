"""Asks a server of the completions API for probabilities: `next_tokens` of our engine, `logprobs` and `echo` of all."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from backends.completions_api.client import DONE, OpenAIClient
from backends.completions_api.dialect import Dialect, completion_body
from backends.completions_api.errors import malformed
from backends.completions_api.wire import Choice, LogprobsBlock, NextTokensBlock
from backends.deadline import Deadline
from backends.explanation import Candidate, Explanation, Kept, TokenChance
from backends.protocol import CompletionRequest
from config.errors import PromptTooLong

CANDIDATES = 20
"""As many as the servers tell at once."""
_SPELLED = re.compile(r"\\x([0-9a-f]{2})")
_BYTES = "bytes:"
"""How half a character is spelled."""


@dataclass(slots=True)
class _Written:
    """What came of the first question."""

    opening: str = ""
    """The prompt, where it was echoed."""
    text: str = ""
    logprobs: LogprobsBlock | None = None
    next_tokens: NextTokensBlock | None = None

    def add(self, choice: Choice) -> None:
        if choice.next_tokens is not None:
            self.next_tokens, self.opening = choice.next_tokens, choice.text
        else:
            self.text += choice.text
        self.logprobs = self.logprobs or choice.logprobs

    @property
    def tells_next_token(self) -> bool:
        return self.next_tokens is not None or (self.logprobs is not None and bool(self.logprobs.tokens))


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
        # Where the prompt may have lost its beginning, the engine says what was left of it.
        echoed = self.request.keep_last_tokens is not None and self.dialect.tells_next_tokens
        written = await self._next_token(whole=text is None, echo=echoed)
        if not written.tells_next_token:
            raise malformed(self.client.name)
        prompt = written.opening if echoed else self.request.prompt
        completion = written.text if text is None else text
        tokens = await self._score(prompt + completion)
        return Explanation(*_distribution(written), tuple(_told(tokens, completion, self.client.name)))

    async def _next_token(self, *, whole: bool, echo: bool) -> _Written:
        """Begins to write as the request says, so that the same prompts are too long; stops once the token is known."""
        options = self.request.options.model_copy(update={"samples": 1})
        body = completion_body(replace(self.request, options=options), self.model, self.dialect, None)
        body["next_tokens" if self.dialect.tells_next_tokens else "logprobs"] = CANDIDATES
        if echo:
            body["echo"] = True
        written = _Written()
        async with aclosing(self.client.stream(body, self.deadline)) as items:
            async for item in items:
                if item == DONE:
                    break
                for choice in item.choices:
                    written.add(choice)
                if written.tells_next_token and not whole:
                    break
        return written

    async def _score(self, text: str) -> LogprobsBlock:
        """How likely each token of the text is; a text that fills the model loses its first ones."""
        body: dict[str, Any] = {"prompt": text, "max_tokens": 0, "echo": True, "logprobs": 1, "temperature": 1.0}
        if self.model is not None:
            body["model"] = self.model
        try:
            return await self._scored(body)
        except PromptTooLong as error:
            if error.limit < 1:
                raise
            return await self._scored(body | {"truncate_prompt_tokens": error.limit})

    async def _scored(self, body: dict[str, Any]) -> LogprobsBlock:
        async with aclosing(self.client.stream(body, self.deadline)) as items:
            async for item in items:
                if item != DONE and item.choices and item.choices[0].logprobs is not None:
                    return item.choices[0].logprobs
        raise malformed(self.client.name)


def _distribution(written: _Written) -> tuple[tuple[Candidate, ...], Kept | None]:
    told = written.next_tokens
    if told is not None:
        candidates = (
            Candidate(
                to_bytes(each.token), math.exp(each.logprob), _exp(each.tempered_logprob), _exp(each.kept_logprob)
            )
            for each in told.candidates
        )
        return tuple(candidates), Kept(told.kept_count, told.kept_mass)
    top = written.logprobs.top_logprobs[0] if written.logprobs and written.logprobs.top_logprobs else None
    ordered = sorted((top or {}).items(), key=lambda item: -item[1])
    return tuple(Candidate(to_bytes(token), math.exp(logprob)) for token, logprob in ordered), None


def _exp(logprob: float | None) -> float:
    return 0.0 if logprob is None else math.exp(logprob)


def _told(block: LogprobsBlock, completion: str, backend: str) -> Iterator[TokenChance]:
    """Counted from the end: the completion is as many bytes of it; a token that is of both is the prompt's."""
    if len(block.tokens) != len(block.token_logprobs):
        raise malformed(backend)
    tokens = [to_bytes(token) for token in block.tokens]
    left = sum(map(len, tokens)) - len(completion.encode())
    for token, logprob in zip(tokens, block.token_logprobs, strict=True):
        yield TokenChance(token, None if logprob is None else math.exp(logprob), left <= 0)
        left -= len(token)


def to_bytes(token: str) -> bytes:
    """A token as servers spell it: text, or `bytes:\\xe2\\x80` for what is no whole character."""
    if token.startswith(_BYTES) and token != _BYTES:
        spelled = token.removeprefix(_BYTES)
        if _SPELLED.sub("", spelled) == "":
            return bytes(int(each, 16) for each in _SPELLED.findall(spelled))
    return token.encode("utf-8", "replace")
