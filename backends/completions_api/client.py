"""Talks to one server of the completions API over TCP or a Unix socket: retries, timeouts, streams, typed errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import aiohttp
from pydantic import BaseModel, SecretStr, ValidationError

from backends.closing import Closing
from backends.completions_api.dialect import extra_fields
from backends.completions_api.errors import (
    Asked,
    LostBeforeAnswer,
    ServerUnreachable,
    error_from_event,
    error_from_status,
    malformed,
)
from backends.completions_api.network import Line
from backends.completions_api.sse import EventTooLong, ServerSentEvent, SseParser
from backends.completions_api.wire import CompletionChunk, EngineStatus, ErrorDetail, ModelList
from backends.deadline import Deadline
from config.errors import InklingError, Overloaded

MAX_RETRY_AFTER_S = 2.0
QUESTION_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 8_000_000
KEEP_ALIVE_S = 4.0
"""Shorter than the five seconds of uvicorn, so that no request goes out on a connection just being closed."""
DONE: Final = "[DONE]"

Answer = TypeVar("Answer", bound=BaseModel)
StreamItem = CompletionChunk | Literal["[DONE]"]
ConnectorFactory = Callable[[], aiohttp.BaseConnector]


def tcp_connector() -> aiohttp.BaseConnector:
    """No cap on connections: how much runs at once is the bot's decision, and a hidden queue would eat deadlines."""
    return aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)


@dataclass(frozen=True, slots=True)
class _Reply:
    """A short answer, read whole. `answer` is None when it is not JSON."""

    status: int
    answer: Any
    retry_after: str | None

    def error(self, asked: Asked) -> InklingError:
        return error_from_status(self.status, ErrorDetail.from_json(self.answer), self.retry_after, asked)


class OpenAIClient:
    """`name` is the backend's, for sentences. One session, opened at first use."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        connector: ConnectorFactory = tcp_connector,
        api_key: SecretStr | None = None,
        connect_timeout_s: float = 5.0,
        idle_timeout_s: float | None = 60.0,
        retry_pauses_s: tuple[float, ...] = (0.25, 1.0),
    ) -> None:
        """`base_url` ends in /v1. `retry_pauses_s` has one pause for each retry; retries end at the first byte."""
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._connector = connector
        self._headers = {"Authorization": f"Bearer {api_key.get_secret_value().strip()}"} if api_key else {}
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s, sock_read=idle_timeout_s)
        self._line = Line(name, self._base_url, connect_timeout_s, idle_timeout_s)
        self._pauses_s = retry_pauses_s
        self._session: aiohttp.ClientSession | None = None
        self._closing = Closing(name)

    async def models(self) -> ModelList:
        """/v1/models. Raises the errors of `error_from_status`."""
        reply = await self._ask(f"{self._base_url}/models", QUESTION_TIMEOUT_S)
        if reply.status != 200:
            raise reply.error(Asked(self.name, "models", {}, 0))
        return self._validated(ModelList, reply.answer)

    async def status(self, timeout_s: float = QUESTION_TIMEOUT_S) -> EngineStatus:
        """Our engine's /health, while it loads (503) and after (200). Raises BackendUnavailable and EngineFailed."""
        reply = await self._ask(f"{self._base_url.removesuffix('/v1')}/health", timeout_s)
        return self._validated(EngineStatus, reply.answer)

    async def stream(self, body: Mapping[str, Any], deadline: Deadline) -> AsyncGenerator[StreamItem, None]:
        """The chunks, then DONE if the server says so. Closing it closes the connection; the server stops."""
        asked = Asked(self.name, str(body.get("model", "the model")), extra_fields(body), int(body["max_tokens"]))
        async with self._wait(deadline):
            response = await self._open(body, asked)
        try:
            async with aclosing(self._events(response, deadline)) as events:
                async for event in events:
                    if event.data.strip() == DONE:
                        yield DONE
                        return
                    if event.data.strip():
                        yield self._chunk(event, asked)
        finally:
            response.close()

    async def aclose(self) -> None:
        """Open streams end with BackendUnavailable."""
        self._closing.close()
        if self._session is not None:
            await self._session.close()

    async def _open(self, body: Mapping[str, Any], asked: Asked) -> aiohttp.ClientResponse:
        for pause_s in self._pauses_s:
            try:
                return await self._post(body, asked)
            except (ServerUnreachable, Overloaded) as error:
                if (error.retry_after_s or 0) > MAX_RETRY_AFTER_S:
                    raise
                await asyncio.sleep(pause_s if error.retry_after_s is None else error.retry_after_s)
        return await self._post(body, asked)

    async def _post(self, body: Mapping[str, Any], asked: Asked) -> aiohttp.ClientResponse:
        url = f"{self._base_url}/completions"
        with self._line.typed_errors(lost=LostBeforeAnswer):
            response = await self._open_session().post(url, json=body, timeout=self._timeout, allow_redirects=False)
            if response.status == 200:
                return response
            async with response:
                reply = await _read(response)
        raise reply.error(asked)

    async def _ask(self, url: str, timeout_s: float) -> _Reply:
        try:
            async with self._closing.interruptible(), asyncio.timeout(timeout_s):
                with self._line.typed_errors():
                    async with self._open_session().get(url, timeout=self._timeout, allow_redirects=False) as response:
                        return await _read(response)
        except TimeoutError as error:
            raise ServerUnreachable(f"{self.name} didn't answer within {timeout_s:g} s.") from error

    async def _events(
        self, response: aiohttp.ClientResponse, deadline: Deadline
    ) -> AsyncGenerator[ServerSentEvent, None]:
        """Server-sent events, or the whole answer as one where a server does not stream."""
        if response.content_type == "application/json":
            async with self._wait(deadline):
                answer = await _read_text(response)
            yield ServerSentEvent(answer)
            return
        parser = SseParser()
        while chunk := await self._receive(response, deadline):
            try:
                events = parser.feed(chunk)
            except EventTooLong as error:
                raise malformed(self.name) from error
            for event in events:
                yield event
        for event in parser.close():
            yield event

    async def _receive(self, response: aiohttp.ClientResponse, deadline: Deadline) -> bytes:
        async with self._wait(deadline):
            return await response.content.readany()

    def _chunk(self, event: ServerSentEvent, asked: Asked) -> CompletionChunk:
        answer = _loads(event.data)
        if event.event == "error" or (isinstance(answer, dict) and answer.get("error")):
            raise error_from_event(ErrorDetail.from_json(answer), asked)
        return self._validated(CompletionChunk, answer)

    def _validated(self, kind: type[Answer], answer: object) -> Answer:
        try:
            return kind.model_validate(answer)
        except ValidationError as error:
            raise malformed(self.name) from error

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=self._connector(), headers=self._headers)
        return self._session

    @asynccontextmanager
    async def _wait(self, deadline: Deadline) -> AsyncIterator[None]:
        """One wait for the network: ends at the deadline and when this client closes, with typed errors."""
        async with deadline.enforced(), self._closing.interruptible():
            with self._line.typed_errors():
                yield


async def _read(response: aiohttp.ClientResponse) -> _Reply:
    answer = _loads(await _read_text(response))
    return _Reply(response.status, answer, response.headers.get("Retry-After"))


async def _read_text(response: aiohttp.ClientResponse) -> str:
    """At most MAX_ANSWER_BYTES of the body, so that no server can fill the memory."""
    body = bytearray()
    while len(body) < MAX_ANSWER_BYTES and (chunk := await response.content.readany()):
        body += chunk
    return body.decode("utf-8", errors="replace")


def _loads(text: str) -> Any:
    """The JSON value, or None: whoever validates it says what is missing."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
