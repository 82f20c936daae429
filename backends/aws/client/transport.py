"""How questions get to the API: over HTTP with a signature, or by invoking its function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from backends.aws.calls import AwsFailed, asking
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


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Around calls to AWS itself; `what` as in `asking`. Raises NotReached for what may pass, else AwsFailed."""
    try:
        with asking(what):
            yield
    except AwsFailed as error:
        if error.retry_after_s is None:
            raise
        raise NotReached(error.sentence, error.retry_after_s) from error


def seconds_in(retry_after: str | None) -> float | None:
    """Of a Retry-After header; None when it is no plain number."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
