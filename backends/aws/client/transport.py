"""How questions get to the API: over HTTP with a signature, or by invoking its function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from config.errors import RetryableError


@dataclass(frozen=True, slots=True)
class Question:
    method: str
    path: str
    """From the API's root, such as /v1/jobs."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    """What was in its JSON; None when it was none."""
    retry_after_s: float | None = None


class Transport(Protocol):
    async def ask(self, question: Question) -> Answer:
        """One try. Raises NotReached, or BackendUnavailable where trying again is no use."""
        ...

    async def aclose(self) -> None: ...


class NotReached(RetryableError):
    """No answer came back; whether the question arrived isn't known."""

    code = "backend_unavailable"
