"""Prompts to tokens, without holding up the event loop however long they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from generation.openai_schema import Prompt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHORT = 4_000
"""Characters that take about a millisecond: not worth a thread."""
_THREADS = 2
"""So that one huge prompt does not hold up all others."""


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

    async def encode(self, prompt: Prompt) -> tuple[int, ...]:
        if not isinstance(prompt, str):
            return prompt
        if len(prompt) <= _SHORT and self._rust is not None:
            return self._encode(prompt)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._encode, prompt)

    def decode(self, token_ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(list(token_ids), clean_up_tokenization_spaces=False)
        return text

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _encode(self, prompt: str) -> tuple[int, ...]:
        if self._rust is None:
            return tuple(self._tokenizer(prompt).input_ids)
        # The batch call, unlike the single one, lets other Python threads run meanwhile.
        (encoding,) = self._rust.encode_batch_fast([prompt])
        return tuple(encoding.ids)
