"""What a server's refusal means, as one sentence from Inkling's own tree of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from backends.completions_api.wire import ErrorDetail
from config.errors import (
    BackendUnavailable,
    EngineFailed,
    InklingError,
    InvalidOptions,
    NotFound,
    Overloaded,
    PromptTooLong,
)

MAX_QUOTED = 240


class ServerUnreachable(BackendUnavailable):
    """Nothing has begun yet, and trying again soon may work."""


class NoSuchPage(BackendUnavailable):
    """The server answers, but has nothing at that address."""


class ConnectionLost(EngineFailed):
    """The connection broke after the request was sent."""


class LostBeforeAnswer(ConnectionLost):
    """It broke before the server answered at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an error sentence may have to name: who was asked, and for what."""

    backend: str
    model: str
    fields: Mapping[str, str]
    """Fields beyond OpenAI's own that were sent, with what to do when a server does not take them."""
    max_tokens: int


def error_from_status(
    status: int, detail: ErrorDetail, retry_after: str | None, asked: Asked, now: datetime | None = None
) -> InklingError:
    """The error for an HTTP answer that is not 200. `retry_after` is the header as it came."""
    wait_s = _seconds(retry_after, now or datetime.now(UTC))
    said = _quoted(detail.message)
    if status in (400, 413, 422):
        return _refusal(detail, asked)
    if status in (401, 403):
        return BackendUnavailable(f"{asked.backend} refuses the key; check api_key of this backend in the settings.")
    if status == 404:
        return _not_found(detail, asked)
    if status == 429:
        return Overloaded(_busy(asked.backend, wait_s), wait_s)
    if status in (502, 503):
        return ServerUnreachable(f"{asked.backend} isn't available right now{said}.", wait_s)
    if status == 500:
        return EngineFailed(f"{asked.backend} failed{said}.", wait_s)
    return BackendUnavailable(f"{asked.backend} answered with HTTP status {status}{said}.", wait_s)


def error_from_event(detail: ErrorDetail, asked: Asked) -> InklingError:
    """The error for an error that comes inside the stream, after it began well."""
    return EngineFailed(f"{asked.backend} broke off{_quoted(detail.message)}; the text so far is kept.")


def malformed(backend: str) -> EngineFailed:
    return EngineFailed(f"{backend} sent an answer that isn't a completion; is base_url right?")


def _refusal(detail: ErrorDetail, asked: Asked) -> InklingError:
    too_long = _prompt_too_long(detail, asked)
    if too_long is not None:
        return too_long
    for field, remedy in asked.fields.items():
        if _refuses_field(detail, field):
            return InvalidOptions(f"{asked.backend} doesn't take {field}; {remedy}.", field)
    return InvalidOptions(f"{asked.backend} refused the request{_quoted(detail.message)}.")


_UNKNOWN_FIELD = re.compile(r"unrecogni[sz]ed|unknown|unsupported|not (?:permitted|supported|allowed)|unexpected|extra")


def _refuses_field(detail: ErrorDetail, field: str) -> bool:
    named = detail.param == field or re.search(rf"\b{re.escape(field)}\b", detail.message) is not None
    problem = f"{detail.message} {detail.type or ''} {detail.code or ''}".lower()
    return named and _UNKNOWN_FIELD.search(problem) is not None


def _not_found(detail: ErrorDetail, asked: Asked) -> InklingError:
    if "model" in detail.message.lower() or detail.code == "model_not_found":
        return NotFound(f'{asked.backend} has no model "{asked.model}".')
    return NoSuchPage(f"{asked.backend} has no completions there; check that base_url ends in /v1.")


_TOO_LONG = re.compile(
    r"context (?:length|size|window)|context_length|context_size|maximum input length|`inputs` tokens"
)
_LIMIT = re.compile(
    r"(?:maximum context length|context length|context window|max_model_len|context size)[^\d]{0,30}?(\d+)"
    r"|must be <= (\d+)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(\d+) (?:tokens )?in (?:the|your) (?:messages|prompt)"
    r"|(?:has|passed|contains at least|contains) (\d+) input tokens"
    r"|(\d+) `inputs` tokens"
    r"|prompt contains (?:at least )?(\d+)",
    re.IGNORECASE,
)


def _prompt_too_long(detail: ErrorDetail, asked: Asked) -> InklingError | None:
    """From the extra integers where there are any, else from the wording of vLLM, OpenAI and TGI."""
    problem = f"{detail.message} {detail.type or ''} {detail.code or ''}".lower()
    if not _TOO_LONG.search(problem):
        return None
    limit = detail.max_model_len or _first_number(_LIMIT, detail.message)
    prompt = detail.prompt_tokens or _first_number(_PROMPT, detail.message)
    if limit is None or prompt is None:
        return InvalidOptions(f"That prompt is too long for {asked.model}{_quoted(detail.message)}.", "prompt")
    return PromptTooLong(asked.model, prompt, detail.max_tokens or asked.max_tokens, limit)


def _first_number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return next((int(group) for group in found.groups() if group), None) if found else None


def _busy(backend: str, wait_s: float | None) -> str:
    when = f"in about {wait_s:.0f} s" if wait_s and wait_s >= 1 else "in a moment"
    return f"{backend} is busy; try again {when}."


def _quoted(message: str) -> str:
    """What the server said, on one line and not too long, ready to stand before a full stop."""
    line = " ".join(message.split()).rstrip(".")
    if len(line) > MAX_QUOTED:
        line = line[: MAX_QUOTED - 1] + "…"
    return f": {line}" if line else ""


def _seconds(header: str | None, now: datetime) -> float | None:
    """Retry-After as seconds: it is a number or an HTTP date."""
    if header is None:
        return None
    if re.fullmatch(r"\s*\d{1,9}(\.\d+)?\s*", header):
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now.timestamp())
