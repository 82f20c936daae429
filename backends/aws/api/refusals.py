"""Errors as answers, and what the log hears of them: never a prompt, nor anything that may quote one."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from ulid import ULID

from backends.aws.api.messages import ApiResponse
from backends.aws.fault import described
from backends.aws.jobs.failure import Failure
from config.errors import BackendUnavailable, InklingError

_STATUS: Mapping[str, int] = {
    "invalid_options": 400,
    "context_length_exceeded": 400,
    "not_found": 404,
    "overloaded": 429,
}

log = structlog.get_logger(__name__)


def refusal(error: InklingError) -> ApiResponse:
    retry_after_s = getattr(error, "retry_after_s", None)
    headers = {"retry-after": f"{max(retry_after_s, 1):.0f}"} if retry_after_s else {}
    return ApiResponse(
        _STATUS.get(error.code, 503), {"error": Failure.of(error).model_dump(exclude_none=True)}, headers
    )


def breakdown(error: Exception) -> ApiResponse:
    """For what nobody foresaw."""
    incident = str(ULID())
    log.error(
        "request failed",
        incident=incident,
        problem=error.sentence if isinstance(error, InklingError) else None,
        **described(error),
    )
    told = BackendUnavailable(f"Something went wrong here; the log has more under {incident}.")
    return ApiResponse(500, refusal(told).body)
