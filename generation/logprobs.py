"""Log-probabilities in the shape of OpenAI's completions: tokens as text, with their places in the text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generation.token_bytes import TokenBytes, find_token_bytes
from generation.types import NextTokens, TokenLogprob

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(slots=True)
class LogprobsBlock:
    """The fields of `choices[].logprobs`; lists of equal length."""

    tokens: list[str] = field(default_factory=list)
    token_logprobs: list[float | None] = field(default_factory=list)
    top_logprobs: list[dict[str, float] | None] = field(default_factory=list)
    text_offset: list[int] = field(default_factory=list)

    def extend(self, more: LogprobsBlock) -> None:
        self.tokens += more.tokens
        self.token_logprobs += more.token_logprobs
        self.top_logprobs += more.top_logprobs
        self.text_offset += more.text_offset


@dataclass(frozen=True, slots=True)
class SpelledCandidate:
    """A `Candidate` with its token as text."""

    token: str
    logprob: float
    tempered_logprob: float | None
    kept_logprob: float | None


@dataclass(frozen=True, slots=True)
class NextTokensBlock:
    """The fields of `choices[].next_tokens`; not OpenAI's."""

    candidates: tuple[SpelledCandidate, ...]
    kept_count: int
    kept_mass: float


class TokenSpeller:
    """A tokenizer's tokens one by one as text. Part of a character is spelled `bytes:\\xe2\\x80`, as OpenAI does."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._bytes: TokenBytes | None = find_token_bytes(tokenizer)
        self._spelled: dict[int, str] = {}

    @property
    def drops_first_space(self) -> bool:
        return self._bytes is not None and self._bytes.drops_first_space

    def to_bytes(self, token_id: int) -> bytes:
        """What the token adds to a text; nothing for special tokens."""
        if self._bytes is not None:
            return self._bytes.of(token_id)
        text: str = self._tokenizer.decode([token_id], skip_special_tokens=True)
        return text.encode()

    def spell(self, token_id: int) -> str:
        spelled = self._spelled.get(token_id)
        if spelled is None:
            spelled = self._spelled[token_id] = self._spell(token_id)
        return spelled

    def _spell(self, token_id: int) -> str:
        data = self.to_bytes(token_id)
        if not data:
            return str(self._tokenizer.convert_ids_to_tokens(token_id))
        try:
            return data.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in data)


def spell_next_tokens(speller: TokenSpeller, told: NextTokens) -> NextTokensBlock:
    candidates = tuple(
        SpelledCandidate(speller.spell(each.token_id), each.logprob, each.tempered_logprob, each.kept_logprob)
        for each in told.candidates
    )
    return NextTokensBlock(candidates, told.kept_count, told.kept_mass)


class LogprobsWriter:
    """Follows one choice's text, so that each token gets its offset in characters."""

    def __init__(self, speller: TokenSpeller, offset: int = 0) -> None:
        """`offset` is where the first token begins."""
        self._speller = speller
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._offset = offset
        self._first = offset == 0 and speller.drops_first_space

    def write(self, tokens: Iterable[TokenLogprob]) -> LogprobsBlock:
        block = LogprobsBlock()
        for token in tokens:
            block.tokens.append(self._speller.spell(token.token_id))
            block.token_logprobs.append(token.logprob)
            block.top_logprobs.append(self._alternatives(token))
            block.text_offset.append(self._offset)
            self._offset += self._length(token.token_id)
        return block

    def _alternatives(self, token: TokenLogprob) -> dict[str, float] | None:
        """The likeliest, and the chosen one in any case. Of two tokens spelled alike the likelier stays."""
        if token.logprob is None:
            return None
        named: dict[str, float] = {}
        for token_id, logprob in (*token.top, (token.token_id, token.logprob)):
            named.setdefault(self._speller.spell(token_id), logprob)
        return named

    def _length(self, token_id: int) -> int:
        data = self._speller.to_bytes(token_id)
        if self._first and data:
            self._first = False
            data = data.removeprefix(b" ")
        return len(self._decoder.decode(data))
