"""What is wrong with a request: what Discord refuses, and what it lets pass but nobody should send."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")


class Problems:
    def __init__(self) -> None:
        self.refused: dict[str, tuple[str, str]] = {}
        self.frowned: list[str] = []

    def refuse(self, path: str, code: str, sentence: str) -> None:
        self.refused[path] = (code, sentence)

    def frown(self, path: str, sentence: str) -> None:
        self.frowned.append(f"{path}: {sentence}" if path else sentence)

    def reasons(self) -> list[str]:
        return self.frowned + [f"{path or 'body'}: {sentence}" for path, (_, sentence) in self.refused.items()]

    # What many rules ask.

    def length(self, path: str, text: Any, high: int, low: int = 0) -> None:
        """Of text that is there; null and missing are other rules' business."""
        if text is None:
            return
        if not isinstance(text, str):
            self.refuse(path, "STRING_TYPE_CONVERT", f"Could not interpret {text!r} as string.")
        elif not low <= len(text) <= high:
            told = f"Must be between {low} and {high} in length." if low else f"Must be {high} or fewer in length."
            self.refuse(path, "BASE_TYPE_BAD_LENGTH" if low else "BASE_TYPE_MAX_LENGTH", told)

    def needed(self, path: str, value: Any) -> bool:
        if value in (None, ""):
            self.refuse(path, *REQUIRED)
            return False
        return True

    def count(self, path: str, things: Collection[Any], high: int, low: int = 0) -> None:
        if not low <= len(things) <= high:
            self.refuse(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")

    def within(self, path: str, value: Any, low: float, high: float) -> None:
        if value is None:
            return
        if not isinstance(value, int | float) or not low <= value <= high:
            self.refuse(path, "NUMBER_TYPE_MAX", f"Value must be between {low} and {high}.")

    def one_of(self, path: str, value: Any, choices: Collection[Any]) -> bool:
        if value in choices:
            return True
        self.refuse(path, "BASE_TYPE_CHOICES", f"Value must be one of {tuple(choices)}.")
        return False

    def keys(self, path: str, thing: Mapping[str, Any], known: Collection[str]) -> None:
        """Discord ignores keys it does not know, so a misspelt one fails silently."""
        for key in thing:
            if key not in known:
                self.frown(f"{path}.{key}" if path else key, "unknown key")
