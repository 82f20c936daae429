"""Every failure as JSON: {"error": {"code", "message"}} and a status that programs understand."""

from __future__ import annotations

import math

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from backends.store.protocol import SettingsChanged
from config.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    EngineFailed,
    InklingError,
    InvalidOptions,
    NotAllowed,
    NotFound,
    Overloaded,
    RetryableError,
)

MAX_BODY_BYTES = 16 * 1024 * 1024

_STATUS: tuple[tuple[type[InklingError], int], ...] = (
    (InvalidOptions, 400),
    (NotAllowed, 403),
    (NotFound, 404),
    (SettingsChanged, 409),
    (Overloaded, 429),
    (DeadlineExceeded, 503),
    (BackendUnavailable, 503),
    (EngineFailed, 503),
)
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}

log = structlog.get_logger(__name__)


class WrongContentType(InklingError):
    """The body is not sent as JSON, as a form of another site would."""

    code = "wrong_content_type"


class TokenNeeded(InklingError):
    """The page has a token and the request doesn't carry it."""

    code = "token_needed"


def error_response(status: int, code: str, message: str, retry_after_s: float | None = None) -> web.Response:
    headers = {} if retry_after_s is None else {"Retry-After": str(max(1, math.ceil(retry_after_s)))}
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)


def inkling_response(error: InklingError) -> web.Response:
    """The error's own sentence, under the status it means."""
    own = {WrongContentType: 415, TokenNeeded: 401}
    status = own.get(type(error)) or next((number for kind, number in _STATUS if isinstance(error, kind)), 500)
    retry_after_s = error.retry_after_s if isinstance(error, RetryableError) else None
    if status == 429 and retry_after_s is None:
        retry_after_s = 1.0
    return error_response(status, error.code, error.sentence, retry_after_s)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: nothing reaches a client but a sentence."""
    try:
        return await handler(request)
    except InklingError as error:
        return inkling_response(error)
    except web.HTTPRequestEntityTooLarge:
        return error_response(413, "too_large", f"That is more than {MAX_BODY_BYTES // 1024**2} MB; send less at once.")
    except (web.RequestPayloadError, HttpProcessingError):
        return error_response(400, "invalid_body", "The body broke off or is encoded wrongly; send it again.")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return error_response(error.status, _HTTP_CODES.get(error.status, "error"), _http_sentence(request, error))
    except Exception:
        log.exception("web.failed", path=request.path)
        return error_response(500, "internal", "Inkling failed inside; its log says more. Nothing you wrote is lost.")


def _http_sentence(request: web.Request, error: web.HTTPException) -> str:
    if error.status == 404:
        return "There is nothing at this address."
    if error.status == 405:
        return f"{request.method} isn't possible at this address."
    return f"{error.reason}."
