"""Tokens to text as they come: never half a character, never part of a stop string.

A text is its tokens' bytes read as UTF-8; bytes that are no UTF-8 become replacement characters.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from generation.stop_strings import StopStrings
from generation.token_bytes import TokenBytes, find_token_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_REPLACEMENT = "�"
_PATIENCE = 4
"""Tokens that may end in a replacement character before it is taken as meant: a character has four bytes at most."""
_CONTEXT = 6
"""Tokens of the prompt that a tokenizer of an unknown family is shown, so that it spaces words as in the text."""


class TokenReader(Protocol):
    """Turns one sequence's tokens into text, in order."""

    def read(self, token_id: int) -> str:
        """The text that is certain with this token."""
        ...

    def finish(self) -> str:
        """What was held back."""
        ...


class Detokenizer:
    """A tokenizer's reading side; starts one `CompletionText` for each sequence."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._bytes = find_token_bytes(tokenizer)
        self._special = frozenset(tokenizer.all_special_ids)

    def start(self, prompt_ids: Sequence[int], stops: Sequence[str]) -> CompletionText:
        """The text after a prompt, whose end decides how a first word is spaced."""
        return CompletionText(self._reader(prompt_ids), StopStrings(stops))

    def _reader(self, prompt_ids: Sequence[int]) -> TokenReader:
        if self._bytes is None:
            return WindowReader(self._tokenizer, prompt_ids)
        begins_text = all(token in self._special for token in prompt_ids)
        return BytesReader(self._bytes, drop_space=begins_text and self._bytes.drops_first_space)


class CompletionText:
    """The text of one sequence as it grows, up to its first stop string."""

    def __init__(self, reader: TokenReader, stops: StopStrings) -> None:
        self._reader = reader
        self._stops = stops

    @property
    def stopped_by(self) -> str | None:
        return self._stops.matched

    def feed(self, token_id: int) -> str:
        """More text to show, perhaps none yet."""
        return self._stops.feed(self._reader.read(token_id))

    def finish(self) -> str:
        """The rest, when no more tokens come. Nothing after a stop string."""
        return self._stops.feed(self._reader.finish()) + self._stops.flush()


class BytesReader:
    """Reads tokens whose bytes are known; the cost of a token does not depend on the text before it."""

    def __init__(self, tokens: TokenBytes, drop_space: bool) -> None:
        self._tokens = tokens
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._drop_space = drop_space

    def read(self, token_id: int) -> str:
        data = self._tokens.of(token_id)
        if self._drop_space and data:
            self._drop_space = False
            data = data.removeprefix(b" ")
        return self._decoder.decode(data)

    def finish(self) -> str:
        return self._decoder.decode(b"", final=True)


class WindowReader:
    """Reads tokens of any tokenizer by decoding a short window with and without the new ones."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._context = self._last_words(list(prompt_ids))
        self._new: list[int] = []

    def read(self, token_id: int) -> str:
        self._new.append(token_id)
        text = self._decode_new()
        if text.endswith(_REPLACEMENT) and len(self._new) < _PATIENCE:
            return ""
        # From here on the window begins where this text began: between two characters.
        self._context = self._new if text else [*self._context, *self._new]
        self._new = []
        return text

    def finish(self) -> str:
        text, self._new = self._decode_new(), []
        return text

    def _last_words(self, prompt_ids: list[int]) -> list[int]:
        """The prompt's last tokens, from the beginning of a character on."""
        windows = [prompt_ids[-size:] for size in range(_CONTEXT, _CONTEXT + _PATIENCE)]
        return next((window for window in windows if not self._decode(window).startswith(_REPLACEMENT)), windows[0])

    def _decode_new(self) -> str:
        before = self._decode(self._context)
        return self._decode([*self._context, *self._new])[len(before) :]

    def _decode(self, token_ids: list[int]) -> str:
        text: str = self._tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text
