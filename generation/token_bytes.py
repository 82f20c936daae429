"""What each token adds to a text, as bytes, for the two families of tokenizers that language models use.

Knowing a token's bytes makes turning tokens into text as they come exact and cheap: no decoding of what came before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from tokenizers import pre_tokenizers

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SPACE_SIGN = "▁"


@dataclass(frozen=True, slots=True)
class TokenBytes:
    """A tokenizer's tokens as bytes, by id; special tokens are empty. Made once, so that any thread may read it."""

    spelling: tuple[bytes, ...]
    drops_first_space: bool
    """Whether a text's first token carries a space that is not part of the text."""

    def of(self, token_id: int) -> bytes:
        """Empty for an id the tokenizer does not know."""
        return self.spelling[token_id] if token_id < len(self.spelling) else b""


def find_token_bytes(tokenizer: PreTrainedTokenizerBase) -> TokenBytes | None:
    """The tokens' bytes, or None for a tokenizer of another family."""
    decoders = _decoder_parts(tokenizer)
    if "ByteLevel" in decoders:
        return TokenBytes(_spell_all(tokenizer, _spell_byte_level), drops_first_space=False)
    if "ByteFallback" in decoders or "Metaspace" in decoders:
        return TokenBytes(_spell_all(tokenizer, _spell_sentencepiece), _drops_first_space(decoders))
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


def _spell_all(tokenizer: PreTrainedTokenizerBase, spell: Callable[[str], bytes]) -> tuple[bytes, ...]:
    special = frozenset(tokenizer.all_special_ids)
    tokens: list[str | None] = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    return tuple(b"" if token is None or token_id in special else spell(token) for token_id, token in enumerate(tokens))


def _spell_byte_level(token: str) -> bytes:
    """GPT-2's family: each character of a token stands for one byte."""
    alphabet = _byte_alphabet()
    if all(sign in alphabet for sign in token):
        return bytes(alphabet[sign] for sign in token)
    return token.encode()


def _spell_sentencepiece(token: str) -> bytes:
    """Llama's family: `▁` stands for a space, `<0x0A>` for a byte."""
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return bytes.fromhex(token[3:5])
    return token.replace(_SPACE_SIGN, " ").encode()


@cache
def _byte_alphabet() -> Mapping[str, int]:
    """GPT-2's printable sign for each byte: printable bytes are themselves, the others follow from U+0100 on."""
    printable = {sign: ord(sign) for sign in pre_tokenizers.ByteLevel.alphabet() if ord(sign) < 256}
    others = (byte for byte in range(256) if byte not in printable.values())
    return printable | {chr(256 + place): byte for place, byte in enumerate(others)}
