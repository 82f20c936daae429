"""What is wrong with a call: what Slack refuses, and what it lets pass but nobody should send."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


class Problems:
    def __init__(self) -> None:
        self.refused: list[tuple[str, str, str]] = []
        """Path, error, sentence."""
        self.frowned: list[tuple[str, str]] = []

    def refuse(self, path: str, error: str, sentence: str = "") -> None:
        self.refused.append((path, error, sentence))

    def frown(self, path: str, sentence: str) -> None:
        self.frowned.append((path, sentence))

    @property
    def error(self) -> str:
        """The one that Slack answers with."""
        return self.refused[0][1] if self.refused else ""

    @property
    def messages(self) -> list[str]:
        """As in response_metadata."""
        return [f"[ERROR] {sentence} [json-pointer:{path}]" for path, _, sentence in self.refused if sentence]

    def reasons(self) -> list[tuple[str, str]]:
        return self.frowned + [
            (path, f"{error}: {sentence}" if sentence else error) for path, error, sentence in self.refused
        ]


class Inspection:
    """Problems of one structure, all refused with the same error."""

    def __init__(self, problems: Problems, error: str) -> None:
        self.problems = problems
        self.error = error

    def refuse(self, path: str, sentence: str) -> None:
        self.problems.refuse(path, self.error, sentence)

    def frown(self, path: str, sentence: str) -> None:
        self.problems.frown(path, sentence)

    def length(self, path: str, text: Any, most: int, least: int = 0) -> None:
        """Of text that is there; missing is another rule's business."""
        if text is None:
            return
        if not isinstance(text, str):
            self.refuse(path, f"must be a string, not {type(text).__name__}")
        elif len(text) > most:
            self.refuse(path, f"must be less than {most + 1} characters")
        elif len(text) < least:
            self.refuse(path, f"must be more than {least - 1} characters")

    def count(self, path: str, things: Any, most: int, least: int = 0) -> bool:
        """Whether it is a list that can be looked into."""
        if not isinstance(things, list):
            self.refuse(path, "must be an array")
            return False
        if len(things) > most:
            self.refuse(path, f"no more than {most} items allowed")
        if len(things) < least:
            self.refuse(path, f"no fewer than {least} items allowed")
        return True

    def keys(self, path: str, thing: Any, known: Collection[str], needed: Collection[str] = ()) -> bool:
        """Whether it is an object that can be looked into."""
        if not isinstance(thing, dict):
            self.refuse(path, "must be an object")
            return False
        for key in thing:
            if key not in known:
                self.refuse(f"{path}/{key}", f"invalid additional property: {key}")
        for key in needed:
            if thing.get(key) is None:
                self.refuse(path, f"missing required field: {key}")
        return True
