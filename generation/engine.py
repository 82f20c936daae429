"""The engine's asyncio face: checks requests, queues them for the model's thread, streams what it writes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import structlog

from config.errors import EngineFailed, InvalidOptions, Overloaded, PromptTooLong
from config.text import shorten
from generation.detokenizer import Detokenizer
from generation.engine_loop import EngineLoop
from generation.request_stream import RequestStream
from generation.runner import Runner
from generation.scheduler import Scheduler
from generation.sequence import PromptGroup
from generation.types import (
    EngineLimits,
    EngineStats,
    GenerationEvent,
    GenerationRequest,
    LoadedModel,
)

log = structlog.get_logger(__name__)

_STEP_MEMORY = 0.9
"""Weight of the past in the running mean of a step's seconds."""


class BatchingEngine:
    """Continuous batching on a thread of its own, which alone uses the runner; an `Engine`."""

    def __init__(self, model: LoadedModel, runner: Runner, limits: EngineLimits) -> None:
        self._model = model
        self._limits = limits
        self._vocabulary = runner.vocabulary
        self._detokenizer = Detokenizer(model.tokenizer)
        self._loop = EngineLoop(runner, Scheduler(limits.max_running), model.eos_token_ids)
        # Guards everything below, between the event loop and the engine's thread.
        self._changed = threading.Condition()
        self._arrivals: deque[PromptGroup] = deque()
        self._aborts: deque[RequestStream] = deque()
        self._next_runner: Runner | None = None
        self._closing = False
        self._remaining_tokens = 0
        self._stats = EngineStats(0, 0, 0, 0, 0, runner.path)
        self._step_seconds = 0.05
        self._thread = threading.Thread(target=self._run, name="inkling-engine", daemon=True)
        self._thread.start()

    @property
    def model(self) -> LoadedModel:
        return self._model

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """See `Engine.generate`."""
        prompt_ids = self._check(request)
        request = replace(request, options=request.options.with_seed())
        stream = RequestStream(asyncio.get_running_loop())
        self._submit(PromptGroup(request, prompt_ids, stream, self._detokenizer))
        try:
            async for event in stream.events():
                yield event
        finally:
            if not stream.ended:
                self._abort(stream)

    def check_tokens(self, token_ids: Sequence[int]) -> None:
        """See `Engine.check_tokens`."""
        unknown = next((token for token in token_ids if not 0 <= token < self._vocabulary), None)
        if unknown is not None:
            top = self._vocabulary - 1
            given = shorten(str(unknown))
            raise InvalidOptions(f"prompt token ids must be between 0 and {top:,}; you gave {given}.", "prompt")

    def stats(self) -> EngineStats:
        """As of the last step, with what has arrived since."""
        with self._changed:
            return replace(self._stats, waiting=self._stats.waiting + self._arrived())

    def replace_runner(self, runner: Runner) -> None:
        """From the next step on begin requests in `runner` only; once what has begun ended, the present one is dropped.

        From any thread; returns at once. Raises ValueError when it is not the same model's.
        """
        if runner.vocabulary != self._vocabulary:
            raise ValueError(f"a vocabulary of {runner.vocabulary} tokens can't replace one of {self._vocabulary}")
        with self._changed:
            if not self._closing:
                self._next_runner = runner
                self._changed.notify()

    @property
    def alive(self) -> bool:
        """See `Engine.alive`."""
        return self._thread.is_alive()

    async def aclose(self) -> None:
        """See `Engine.aclose`. May be called again."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    # ── before the first event ──

    def _check(self, request: GenerationRequest) -> tuple[int, ...]:
        """The prompt's tokens, after everything that can be refused was."""
        prompt_ids = request.prompt_token_ids or self._empty_prompt()
        length = request.options.length
        if len(prompt_ids) + length > self._model.max_model_len:
            raise PromptTooLong(self._model.name, len(prompt_ids), length, self._model.max_model_len)
        self.check_tokens(prompt_ids)
        return prompt_ids

    def _empty_prompt(self) -> tuple[int, ...]:
        beginning = self._model.tokenizer.bos_token_id
        if beginning is None:
            raise InvalidOptions(f"{self._model.name} can't begin from nothing; write at least one word.", "prompt")
        return (beginning,)

    def _submit(self, group: PromptGroup) -> None:
        with self._changed:
            if self._closing:
                raise EngineFailed("The model is shutting down.")
            self._refuse_overload(len(group.sequences))
            self._arrivals.append(group)
            self._changed.notify()

    def _refuse_overload(self, samples: int) -> None:
        waiting = self._stats.waiting + self._arrived()
        busy = waiting + self._stats.running
        excess = busy + samples - self._limits.max_running - self._limits.max_waiting
        # An idle engine takes any request: refused now, it would be refused for ever.
        if excess <= 0 or not busy:
            return
        remaining = self._remaining_tokens + sum(group.waiting_tokens for group in self._arrivals)
        seconds = remaining / self._limits.max_running * self._step_seconds
        wait = max(1.0, round(seconds * min(1.0, excess / busy), 1))
        raise Overloaded(f"The queue is full ({waiting} waiting). Try again in about {_spell_seconds(wait)}.", wait)

    def _abort(self, stream: RequestStream) -> None:
        with self._changed:
            self._aborts.append(stream)
            self._changed.notify()

    def _arrived(self) -> int:
        return sum(len(group.sequences) for group in self._arrivals)

    # ── the engine's thread ──

    def _run(self) -> None:
        try:
            while self._take_orders():
                started = time.perf_counter()
                self._loop.step()
                # First the figures, then the events: who sees a request end sees its rows free.
                self._report(time.perf_counter() - started)
                self._loop.hand_over()
        finally:
            self._end_everything()

    def _take_orders(self) -> bool:
        """Wait for work; take in what arrived and was aborted. False when it is time to stop."""
        with self._changed:
            while self._loop.scheduler.idle and not self._has_orders():
                self._changed.wait()
            self._admit()
            aborts, self._aborts = self._aborts, deque()
        for stream in aborts:
            self._loop.abort(stream)
        self._change_runner()
        with self._changed:
            if aborts:
                self._publish()
            return not self._closing

    def _has_orders(self) -> bool:
        return bool(self._arrivals or self._aborts or self._closing or self._next_runner)

    def _admit(self) -> None:
        if not self._arrivals:
            return
        while self._arrivals:
            self._loop.scheduler.add(self._arrivals.popleft())
        self._publish()

    def _change_runner(self) -> None:
        """As soon as nothing that has begun is left; until then nothing else begins."""
        scheduler = self._loop.scheduler
        with self._changed:
            scheduler.holding = self._next_runner is not None
            if self._next_runner is None or not scheduler.drained:
                return
            runner, self._next_runner = self._next_runner, None
        scheduler.holding = False
        self._loop.change_runner(runner)
        log.info("runner_changed", path=runner.path, model=self._model.name)
        with self._changed:
            self._publish()

    def _end_everything(self) -> None:
        with self._changed:
            # Also when the thread breaks: nothing may wait for it.
            self._closing = True
            self._next_runner = None
            self._admit()
        try:
            self._loop.fail_all(EngineFailed("The model was shut down."))
        finally:
            with self._changed:
                self._publish()
            self._loop.hand_over()

    def _report(self, seconds: float) -> None:
        with self._changed:
            self._step_seconds = _STEP_MEMORY * self._step_seconds + (1 - _STEP_MEMORY) * seconds
            self._publish()

    def _publish(self) -> None:
        scheduler, totals = self._loop.scheduler, self._loop.totals
        self._remaining_tokens = scheduler.remaining_tokens
        self._stats = EngineStats(
            scheduler.running_count,
            scheduler.waiting_count,
            totals.prompt_tokens,
            totals.completion_tokens,
            totals.steps,
            self._loop.path,
        )


def _spell_seconds(seconds: float) -> str:
    if seconds < 90:
        return "1 second" if round(seconds) == 1 else f"{round(seconds)} seconds"
    return f"{round(seconds / 60)} minutes"
