"""What each token adds to a text, as bytes, for the two families of tokenizers that language models use.

Knowing a token's bytes makes turning tokens into text as they come exact and cheap: no decoding of what came before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from tokenizers import pre_tokenizers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACE_SIGN = "▁"


class TokenBytes(Protocol):
    """A tokenizer's tokens as bytes."""

    def of(self, token_id: int) -> bytes:
        """Empty for special and unknown tokens."""
        ...

    @property
    def drops_first_space(self) -> bool:
        """Whether a text's first token carries a space that is not part of the text."""
        ...


def find_token_bytes(tokenizer: PreTrainedTokenizerBase) -> TokenBytes | None:
    """The tokens' bytes, or None for a tokenizer of another family."""
    decoders = _decoder_parts(tokenizer)
    if "ByteLevel" in decoders:
        return ByteLevelTokens(tokenizer)
    if "ByteFallback" in decoders or "Metaspace" in decoders:
        return SentencePieceTokens(tokenizer, _drops_first_space(decoders))
    return None


def _decoder_parts(tokenizer: PreTrainedTokenizerBase) -> dict[str, Mapping[str, Any]]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or backend.decoder is None:
        return {}
    decoder = json.loads(backend.to_str())["decoder"]
    return {part["type"]: part for part in decoder.get("decoders", [decoder])}


def _drops_first_space(decoders: Mapping[str, Mapping[str, Any]]) -> bool:
    strip, metaspace = decoders.get("Strip"), decoders.get("Metaspace")
    if strip is not None:
        return bool(strip["content"] == " " and strip["start"])
    return metaspace is not None and metaspace.get("prepend_scheme") != "never"


class ByteLevelTokens:
    """GPT-2's family: each character of a token stands for one byte."""

    drops_first_space = False

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.all_special_ids)
        self._byte_of = _byte_alphabet()
        self._known: dict[int, bytes] = {}

    def of(self, token_id: int) -> bytes:
        if token_id not in self._known:
            self._known[token_id] = self._spell(token_id)
        return self._known[token_id]

    def _spell(self, token_id: int) -> bytes:
        token = _token_string(self._tokenizer, token_id)
        if token is None or token_id in self._special:
            return b""
        if all(sign in self._byte_of for sign in token):
            return bytes(self._byte_of[sign] for sign in token)
        return token.encode()


class SentencePieceTokens:
    """Llama's family: `▁` stands for a space, `<0x0A>` for a byte."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, drops_first_space: bool) -> None:
        self._tokenizer = tokenizer
        self._special = frozenset(tokenizer.all_special_ids)
        self._known: dict[int, bytes] = {}
        self.drops_first_space = drops_first_space

    def of(self, token_id: int) -> bytes:
        if token_id not in self._known:
            self._known[token_id] = self._spell(token_id)
        return self._known[token_id]

    def _spell(self, token_id: int) -> bytes:
        token = _token_string(self._tokenizer, token_id)
        if token is None or token_id in self._special:
            return b""
        if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
            return bytes.fromhex(token[3:5])
        return token.replace(_SPACE_SIGN, " ").encode()


def _token_string(tokenizer: PreTrainedTokenizerBase, token_id: int) -> str | None:
    if token_id >= len(tokenizer):
        return None
    token: str | None = tokenizer.convert_ids_to_tokens(token_id)
    return token


@cache
def _byte_alphabet() -> Mapping[str, int]:
    """GPT-2's printable sign for each byte: printable bytes are themselves, the others follow from U+0100 on."""
    printable = {sign: ord(sign) for sign in pre_tokenizers.ByteLevel.alphabet() if ord(sign) < 256}
    others = (byte for byte in range(256) if byte not in printable.values())
    return printable | {chr(256 + place): byte for place, byte in enumerate(others)}
