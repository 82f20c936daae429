"""What surrounds every request: who may come in, errors in OpenAI's shape, and the count of answers."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from config.errors import InklingError
from generation.metrics import EngineMetrics
from generation.openai_errors import ApiError, to_api_error

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OPEN_PATHS = ("/health",)
"""What orchestrators ask without a key."""
_DISCONNECTED = "disconnected"

log = structlog.get_logger(__name__)


class Gatekeeper:
    """`api_key` None: no key is asked for, but web pages of other origins stay out."""

    def __init__(self, metrics: EngineMetrics, api_key: str | None) -> None:
        self._metrics = metrics
        self._api_key = None if api_key is None else api_key.encode()

    @property
    def middlewares(self) -> Sequence[Middleware]:
        """The outermost first."""
        return (self._count, self._translate_errors, self._admit)

    def note_broken_stream(self, error: Exception) -> None:
        """An error that came too late for a status."""
        self._metrics.broken_streams.inc()
        if not isinstance(error, InklingError):
            log.error("stream_broke", error=type(error).__name__, exc_info=error)

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        path = "other" if resource is None else resource.canonical
        try:
            response = await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            self._metrics.requests.labels(path, _DISCONNECTED).inc()
            raise
        self._metrics.requests.labels(path, str(response.status)).inc()
        return response

    @web.middleware
    async def _translate_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ConnectionError:
            raise
        except (web.RequestPayloadError, HttpProcessingError):
            answer = ApiError(400, "The request's body broke off or is encoded wrongly.", code="invalid_body")
        except web.HTTPException as error:
            answer = _from_http(error, request)
        except Exception as error:
            if not isinstance(error, InklingError):
                log.error("request_failed", path=request.path, error=type(error).__name__, exc_info=error)
            answer = to_api_error(error)
        return _respond(answer)

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in _OPEN_PATHS:
            refusal = self._refusal(request)
            if refusal is not None:
                return _respond(refusal)
        return await handler(request)

    def _refusal(self, request: web.Request) -> ApiError | None:
        if self._api_key is None:
            if "Origin" in request.headers:
                return ApiError(403, "Web pages may use this engine only with a key; start it with --api-key-file.")
            return None
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("utf-8", "replace"), self._api_key):
            return None
        return ApiError(401, "The API key is missing or wrong.", code="invalid_api_key")


def _from_http(error: web.HTTPException, request: web.Request) -> ApiError:
    match error.status:
        case 404:
            return ApiError(404, f"There is nothing at {request.path[:100]}.", code="not_found")
        case 405:
            return ApiError(405, f"{request.path[:100]} doesn't take {request.method[:20]}.", code="method_not_allowed")
        case 408:
            return ApiError(408, "The request's body took too long to come.", code="body_too_slow")
        case 413:
            return ApiError(413, "The request's body is larger than 16 MB.", code="body_too_large")
        case _:
            return ApiError(error.status, error.reason, code="http_error")


def _respond(error: ApiError) -> web.Response:
    return web.Response(
        body=error.to_json(), status=error.status, headers=error.headers, content_type="application/json"
    )
