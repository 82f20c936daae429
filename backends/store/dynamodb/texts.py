"""Text of any length in items of at most 400 KB: short text stands in its item, long text in pieces that it names.

Pieces are written before the item that names them, and never changed: who reads an item finds the text it was
written with, or, when that was replaced or erased meanwhile, that pieces are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ulid import ULID

from backends.store.dynamodb.table import Key, Table

PIECE_CHARACTERS = 75_000
"""Up to 300 KB."""

Kept = str | Mapping[str, Any]
"""The text itself, or where its pieces are."""


class TextGone(Exception):
    """It was replaced or erased since its item was read."""


class Texts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, pk: str, text: str, most_bytes: int) -> Kept:
        """What to write into an item of that partition; longer text has its pieces written now."""
        if len(text.encode()) <= most_bytes:
            return text
        starts = range(0, len(text), PIECE_CHARACTERS)
        kept = {"pk": pk, "name": str(ULID()), "pieces": len(starts)}
        for key, start in zip(_keys(kept), starts, strict=True):
            self._table.put(key, {"text": text[start : start + PIECE_CHARACTERS]})
        return kept

    def read(self, kept: Kept) -> str:
        """Raises TextGone."""
        (text,) = self.read_many([kept])
        if text is None:
            raise TextGone
        return text

    def read_many(self, kept: Sequence[Kept]) -> list[str | None]:
        """None for what is gone."""
        found = self._table.get_many(key for each in kept for key in _keys(each))
        return [each if isinstance(each, str) else _join([found.get(key) for key in _keys(each)]) for each in kept]

    def drop(self, kept: Iterable[Kept]) -> None:
        self._table.delete_many(key for each in kept for key in _keys(each))


def _keys(kept: Kept) -> list[Key]:
    if isinstance(kept, str):
        return []
    return [Key(kept["pk"], f"text#{kept['name']}#{number:04}") for number in range(kept["pieces"])]


def _join(items: Sequence[Mapping[str, Any] | None]) -> str | None:
    texts = [item["text"] for item in items if item is not None]
    return "".join(texts) if len(texts) == len(items) else None
