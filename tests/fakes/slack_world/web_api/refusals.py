"""Slack's way of saying no."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    def __init__(self, error: str, *, status: int = 200, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.headers = headers or {}
        self.extra = extra

    def payload(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error} | self.extra


def invalid(error: str, messages: list[str]) -> Refused:
    return Refused(error, response_metadata={"messages": messages}) if messages else Refused(error)
