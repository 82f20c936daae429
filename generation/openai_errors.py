"""Errors as OpenAI's API spells them: {"error": {"message", "type", "param", "code"}} and an HTTP status."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from config.errors import (
    BackendUnavailable,
    InklingError,
    InvalidOptions,
    NotFound,
    Overloaded,
    PromptTooLong,
    RetryableError,
)


@dataclass(frozen=True, slots=True)
class ApiError:
    """`retry_after_s` becomes the header, in whole seconds."""

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    retry_after_s: float | None = None
    extra: Mapping[str, int] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
                **self.extra,
            }
        }

    def to_json(self) -> bytes:
        # ASCII only: a message may quote half of a surrogate pair, which UTF-8 can't carry.
        return json.dumps(self.body()).encode("ascii")

    @property
    def headers(self) -> dict[str, str]:
        headers = {} if self.retry_after_s is None else {"Retry-After": str(max(1, math.ceil(self.retry_after_s)))}
        return headers | ({"WWW-Authenticate": "Bearer"} if self.status == 401 else {})


INTERNAL = ApiError(500, "The engine broke while answering; try again.", "server_error", code="engine_failed")


def to_api_error(error: Exception) -> ApiError:
    """What the client is told. Errors that are not ours give no detail away."""
    match error:
        case PromptTooLong():
            lengths = {
                "prompt_tokens": error.prompt_tokens,
                "max_tokens": error.max_tokens,
                "max_model_len": error.max_model_len,
            }
            return ApiError(400, error.sentence, param="prompt", code=error.code, extra=lengths)
        case InvalidOptions():
            return ApiError(400, error.sentence, param=error.name, code=error.code)
        case NotFound():
            return ApiError(404, error.sentence, param="model", code="model_not_found")
        case Overloaded():
            return ApiError(429, error.sentence, "overloaded_error", None, error.code, error.retry_after_s or 1.0)
        case BackendUnavailable():
            return ApiError(503, error.sentence, "server_error", None, error.code, error.retry_after_s or 1.0)
        case RetryableError():
            return ApiError(500, error.sentence, "server_error", None, error.code, error.retry_after_s)
        case InklingError():
            return ApiError(500, error.sentence, "server_error", None, error.code)
        case _:
            return INTERNAL
