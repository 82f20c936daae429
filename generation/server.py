"""The engine over HTTP: OpenAI's completions API, /health and /metrics."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from generation.body_reader import BodyReader
from generation.completions import CompletionRun
from generation.gatekeeping import Gatekeeper
from generation.loop_turn import LoopTurn
from generation.model_host import ModelHost
from generation.openai_answers import AnswerFrame, Usage, WholeChoice, dump_json
from generation.openai_errors import to_api_error
from generation.openai_schema import CompletionCall
from generation.sse import EventStream

HEARTBEAT_S = 2.0


class CompletionServer:
    """Serves `host`'s model. `api_key` None lets everybody in who can reach the address."""

    def __init__(self, host: ModelHost, api_key: str | None = None, heartbeat_s: float = HEARTBEAT_S) -> None:
        """`heartbeat_s`: a stream that has nothing to say for so long shows a sign of life."""
        self._host = host
        self._heartbeat_s = heartbeat_s
        self._bodies = BodyReader()
        self._gatekeeper = Gatekeeper(host.metrics, api_key)
        self._created = int(time.time())

    def app(self) -> web.Application:
        app = web.Application(middlewares=self._gatekeeper.middlewares)
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{model:.+}", self._model)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        service = self._host.service
        async with self._bodies.read(request) as call:
            prompts = await service.encode(call)
        call = _without_text(call, prompts)
        prompt_tokens = sum(map(len, prompts))
        async with service.run(call, prompts) as run:
            frame = AnswerFrame(run.id, service.model)
            if call.stream:
                return await self._stream(request, call, run, frame, prompt_tokens)
            return await _answer_whole(call, run, frame, prompt_tokens)

    async def _stream(
        self, request: web.Request, call: CompletionCall, run: CompletionRun, frame: AnswerFrame, prompt_tokens: int
    ) -> web.StreamResponse:
        """What goes wrong before the first event gets a status of its own; later errors come inside the stream."""
        deltas = await run.take(self._heartbeat_s)
        stream = await EventStream.open(request)
        try:
            while deltas or not run.ended:
                if deltas:
                    await stream.send(frame.chunk(delta, usage_follows=call.include_usage) for delta in deltas)
                else:
                    await stream.beat()
                deltas = await run.take(self._heartbeat_s)
            if call.include_usage:
                await stream.send([frame.usage_chunk(Usage(prompt_tokens, run.completion_tokens))])
        except ConnectionError:
            raise
        except Exception as error:
            self._gatekeeper.note_broken_stream(error)
            await stream.send_error(to_api_error(error))
        await stream.done()
        return stream.response

    async def _models(self, request: web.Request) -> web.Response:
        return _json({"object": "list", "data": [self._card()]})

    async def _model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        self._host.service.check_model(name)
        return _json(self._card())

    async def _health(self, request: web.Request) -> web.Response:
        """503 with `progress` while the model loads, then 200 with how busy it is. In samples."""
        state = self._host.loading
        if state is not None:
            answer = {"status": "loading", "detail": state.detail, "progress": state.progress, "model": self._host.name}
            return _json(answer, status=503, headers={"Retry-After": "1"})
        stats = self._host.service.engine.stats()
        answer = {"status": "ok", "model": self._host.name, "path": stats.path}
        return _json({**answer, "running": stats.running, "waiting": stats.waiting})

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self._host.metrics.render(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _card(self) -> dict[str, Any]:
        service = self._host.service
        return {
            "id": service.model,
            "object": "model",
            "created": self._created,
            "owned_by": "inkling",
            "max_model_len": service.max_model_len,
        }


def _without_text(call: CompletionCall, prompts: tuple[tuple[int, ...], ...]) -> CompletionCall:
    """Its prompts as tokens, unless they are to be repeated as they were written: what was cut off may be long."""
    repeated = call.echo and call.keep_last_tokens is None
    return call if repeated else replace(call, prompts=prompts)


async def _answer_whole(
    call: CompletionCall, run: CompletionRun, frame: AnswerFrame, prompt_tokens: int
) -> web.Response:
    choices = [WholeChoice(index) for index in range(len(call.prompts) * call.options.samples)]
    while not run.ended:
        deltas = await run.take(None)
        turn = LoopTurn()
        for delta in deltas:
            choices[delta.index].add(delta)
            await turn.share()
    turn, texts = LoopTurn(), []
    for choice in choices:
        texts.append(choice.to_json())
        await turn.share()
    answer = frame.whole(texts, Usage(prompt_tokens, run.completion_tokens))
    return web.Response(body=answer, content_type="application/json")


def _json(answer: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=dump_json(answer), status=status, headers=headers, content_type="application/json")
