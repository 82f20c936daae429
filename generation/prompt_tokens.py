"""Prompts to tokens, without holding up the event loop however long they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config.errors import PromptTooLong
from generation.openai_schema import Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHORT = 4_000
"""Characters that take about a millisecond: not worth a thread."""
_THREADS = 2
"""So that one huge prompt does not hold up all others."""


@dataclass(frozen=True, slots=True)
class PromptFit:
    """What fits into the model beside the `max_tokens` that are to be written."""

    model: str
    max_tokens: int
    max_model_len: int
    keep_last: int | None = None
    """Use only so many of the prompt's last tokens."""

    def check(self, count: int) -> None:
        """Raises PromptTooLong for a prompt of so many tokens."""
        count = count if self.keep_last is None else min(count, self.keep_last)
        if count + self.max_tokens > self.max_model_len:
            raise PromptTooLong(self.model, count, self.max_tokens, self.max_model_len)

    def cut(self, token_ids: Sequence[int]) -> tuple[int, ...]:
        """The tokens to use. Raises PromptTooLong."""
        self.check(len(token_ids))
        return tuple(token_ids if self.keep_last is None else token_ids[-self.keep_last :])


class PromptTokenizer:
    """The way into a model's tokens, and back for what is echoed. Close it to end its threads."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._rust = getattr(tokenizer, "backend_tokenizer", None)
        if self._rust is not None:
            self._rust.no_truncation()
            self._rust.no_padding()
        # A tokenizer written in Python makes no promise about threads.
        self._threads = ThreadPoolExecutor(_THREADS if self._rust is not None else 1, "inkling-tokenizer")

    async def encode(self, prompt: Prompt, fit: PromptFit) -> tuple[int, ...]:
        """Raises PromptTooLong."""
        if not isinstance(prompt, str):
            return fit.cut(prompt)
        if len(prompt) <= _SHORT and self._rust is not None:
            return self._encode(prompt, fit)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._encode, prompt, fit)

    def decode(self, token_ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(token_ids), clean_up_tokenization_spaces=False)
        return text

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _encode(self, prompt: str, fit: PromptFit) -> tuple[int, ...]:
        if self._rust is None:
            return fit.cut(self._tokenizer(prompt).input_ids)
        # The batch call, unlike the single one, lets other Python threads run meanwhile.
        (encoding,) = self._rust.encode_batch_fast([prompt])
        fit.check(len(encoding))
        return fit.cut(encoding.ids)
