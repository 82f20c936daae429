"""A completions server without a model: words for tokens, seeds honoured, faults on request. Speaks as two kinds:

our engine (all samples in one request, extra fields in and out, /health) and a foreign server (OpenAI's fields, vLLM's
wording, one seed for all samples of a request).
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import re
import signal
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MAX_MODEL_LEN = 64
"""Words of prompt and completion together."""
MODEL = "fake-135m"
WORDS = ("ink", "paper", "lamp", "harbour", "letter", "storm", "keeper", "island", "quill", "tide", "é", "🖋")

BUSY, BREAK, CUT, HANG, DIE = "fault:busy", "fault:break", "fault:cut", "fault:hang", "fault:die"
"""Prompts that begin so go wrong: refused; after two words an error event, a cut, a standstill, a killed process."""
QUEUED = "queued"
"""A prompt that begins so waits half a second with two others before it."""


@dataclass
class FakeCompletions:
    """The server's state, for tests to look at."""

    engine: bool = True
    delay_s: float = 0.0
    model: str = MODEL
    foreign_owner: str = "somebody"
    """What it calls itself when it is not our engine: "vllm" tells probabilities."""
    logprobs_as: dict[str, Any] | None = None
    """Log-probabilities in another shape, whether or not they were asked for."""
    running: int = 0
    waiting: int = 0
    loading: bool = False
    lists_models: bool = True
    deaf: bool = False
    """Stop answering /health, as a wedged process does."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    model_questions: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/completions", self._complete)
        if self.lists_models:
            app.router.add_get("/v1/models", self._models)
        if self.engine:
            app.router.add_get("/health", self._health)
        return app

    async def _models(self, request: web.Request) -> web.Response:
        self.model_questions += 1
        owner = "inkling" if self.engine else self.foreign_owner
        card = {"id": self.model, "object": "model", "owned_by": owner}
        return web.json_response({"object": "list", "data": [card]})

    async def _health(self, request: web.Request) -> web.Response:
        if self.deaf:
            await asyncio.Event().wait()
        if self.loading:
            answer = {"status": "loading", "detail": "Reading the model.", "progress": 0.5}
            return web.json_response(answer, status=503)
        return web.json_response(
            {"status": "ok", "model": self.model, "running": self.running, "waiting": self.waiting}
        )

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        refusal = self._refusal(body)
        if refusal is not None:
            return refusal
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self.running += 1
        try:
            await response.prepare(request)
            if body["prompt"].startswith(QUEUED):
                await self._queue()
            await self._write(body, request, response)
        finally:
            self.running -= 1
        return response

    async def _queue(self) -> None:
        self.waiting += 3
        await asyncio.sleep(0.5)
        self.waiting -= 3

    def _refusal(self, body: dict[str, Any]) -> web.Response | None:
        if body["prompt"].startswith(BUSY):
            error = {"message": "The queue is full.", "type": "overloaded", "code": "overloaded"}
            return web.json_response({"error": error}, status=429, headers={"Retry-After": "7"})
        words, limit = len(self._prompt_words(body)), MAX_MODEL_LEN
        if words + body["max_tokens"] <= limit:
            return None
        error = {
            "message": f"This model's maximum context length is {limit} tokens. However, your request has "
            f"{words} input tokens.",
            "type": "BadRequestError",
        }
        if self.engine:
            error |= {
                "message": "The context length is exceeded.",
                "code": "context_length_exceeded",
                "prompt_tokens": words,
                "max_tokens": body["max_tokens"],
                "max_model_len": limit,
            }
        return web.json_response({"error": error}, status=400)

    def _prompt_words(self, body: dict[str, Any]) -> list[str]:
        words = body["prompt"].split()
        keep = body.get("truncate_prompt_tokens")
        return words[-keep:] if keep else words

    async def _write(self, body: dict[str, Any], request: web.Request, response: web.StreamResponse) -> None:
        scripts = [self._script(body, index) for index in range(body.get("n", 1))]
        longest = max(len(words) for words, _ in scripts)
        if body.get("echo"):
            await self._send(response, {"choices": [_echo(body)]})
        if body.get("next_tokens"):
            await self._tell_next_tokens(response, scripts[0][0])
        for step in range(longest + 1):
            if step == 2 and await self._fault(body["prompt"], request, response):
                return
            await asyncio.sleep(self.delay_s)
            for index, (words, stop) in enumerate(scripts):
                if step < len(words):
                    await self._send(response, {"choices": [self._piece(body, index, words[step])]})
                elif step == len(words):
                    await self._send(response, {"choices": [self._end(body, index, len(words), stop)]})
        if not self.engine and body.get("stream_options"):
            usage = {"prompt_tokens": 1, "completion_tokens": sum(len(words) for words, _ in scripts)}
            await self._send(response, {"choices": [], "usage": usage})
        await response.write(b"data: [DONE]\n\n")

    def _script(self, body: dict[str, Any], index: int) -> tuple[list[str], str | None]:
        asked = body.get("seed", 0)
        seed = asked + index if self.engine else asked * 7919 + index
        choose = random.Random(f"{seed}:{' '.join(self._prompt_words(body))}")
        words = [f" {choose.choice(WORDS)}" for _ in range(body["max_tokens"])]
        text = "".join(words)
        found = [(text.find(stop), stop) for stop in body.get("stop", []) if stop in text]
        if not found:
            return words, None
        end, stop = min(found)
        kept = text[:end]
        return [f" {word}" for word in kept.split(" ")[1:]], stop

    async def _tell_next_tokens(self, response: web.StreamResponse, words: list[str]) -> None:
        candidate = {
            "token": words[0],
            "logprob": math.log(0.5),
            "tempered_logprob": math.log(0.6),
            "kept_logprob": 0.0,
        }
        told = {"candidates": [candidate], "kept_count": 1, "kept_mass": 0.6}
        await self._send(response, {"choices": [{"index": 0, "text": "", "next_tokens": told}]})

    def _piece(self, body: dict[str, Any], index: int, word: str) -> dict[str, Any]:
        told = {} if body.get("logprobs") is None else {"logprobs": _logprobs([word], [math.log(0.5)])}
        if self.logprobs_as is not None:
            told = {"logprobs": self.logprobs_as}
        return {"index": index, "text": word, "finish_reason": None, **told}

    def _end(self, body: dict[str, Any], index: int, count: int, stop: str | None) -> dict[str, Any]:
        choice = {"index": index, "text": "", "finish_reason": "length" if stop is None else "stop"}
        if self.engine:
            choice |= {"stop_reason": stop, "completion_tokens": count, "seed": body.get("seed", 0) + index}
        return choice

    async def _send(self, response: web.StreamResponse, chunk: dict[str, Any]) -> None:
        await response.write(f"data: {json.dumps({'object': 'text_completion', **chunk})}\n\n".encode())

    async def _fault(self, prompt: str, request: web.Request, response: web.StreamResponse) -> bool:
        """Go wrong as the prompt says; True when nothing more is to be written."""
        if prompt.startswith(BREAK):
            await self._send(response, {"error": {"message": "Out of memory.", "code": "engine_failed"}})
        elif prompt.startswith(CUT) and request.transport is not None:
            request.transport.abort()
        elif prompt.startswith(DIE):
            os.kill(os.getpid(), signal.SIGKILL)
        elif prompt.startswith(HANG):
            await asyncio.Event().wait()
        else:
            return False
        return True


def _echo(body: dict[str, Any]) -> dict[str, Any]:
    """The prompt, with how likely each word of it was."""
    words = re.findall(r"\s*\S+", body["prompt"])
    chances = [None, *[math.log(0.25)] * (len(words) - 1)]
    told = {} if body.get("logprobs") is None else {"logprobs": _logprobs(words, chances)}
    return {"index": 0, "text": body["prompt"], "finish_reason": None, **told}


def _logprobs(words: list[str], chances: list[float | None]) -> dict[str, Any]:
    tops = [
        None if chance is None else {word: chance, " other": -3.0} for word, chance in zip(words, chances, strict=True)
    ]
    return {"tokens": words, "token_logprobs": chances, "top_logprobs": tops, "text_offset": [0] * len(words)}
