"""One request from running to ended: the backend's events become saved samples and shown views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Literal

import structlog

from backends.explanation import explainer_of
from backends.protocol import Backend, CompletionEvent, CompletionRequest, Progress, SampleFinished, TextDelta
from backends.store.protocol import Store
from backends.store.records import Outcome, RequestRecord, SampleEnd, SampleRecord
from bots.presenter import present
from bots.reply import LiveReply
from bots.views import ResultView
from bots.word_filter import WordFilter
from config.errors import DeadlineExceeded, EngineFailed, InklingError, Overloaded, PromptTooLong

CHECKPOINT_EVERY_S = 1.0
HEALTH_PATIENCE_S = 5.0
BUSY_PAUSE_S = 5.0
"""Until a full backend that names no time is asked again."""
PROMPT_TAIL = 200
"""Characters of the prompt the word filter looks at before the completion: a word may begin there."""
FAILED_INSIDE = "failed inside Inkling; the log says more. Press 🔁 to try again."

log = structlog.get_logger(__name__)


class JobRun:
    """Runs one request. `run` returns its final view once its end is saved."""

    def __init__(
        self,
        record: RequestRecord,
        saved: Sequence[SampleRecord],
        store: Store,
        backend: Backend,
        live: LiveReply,
        word_filter: WordFilter,
        deadline_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """`saved` is what an earlier process wrote of it: kept until this one has got as far."""
        self._record = record
        self._store = store
        self._backend = backend
        self._live = live
        self._filter = word_filter
        self._deadline_s = deadline_s
        self._now = now
        self._progress: Progress | None = None
        self._raw = [""] * record.options.samples
        self._samples = begin_samples(record, saved)
        self._stopped: str | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._checkpointed_at = 0.0
        self.error: InklingError | None = None
        """What made it fail, once it has."""

    def stop(self, reason: str) -> None:
        """End the request soon, keeping the text so far. The first reason holds: `stopped by @ann`."""
        if self._stopped is not None:
            return
        self._stopped = reason
        if self._streaming is not None:
            self._streaming.cancel()

    async def run(self) -> ResultView | None:
        """Stream to the end; None if somebody else ended it. Cancelling this leaves the request open, to be resumed."""
        self._streaming = asyncio.create_task(self._stream_when_there_is_room(), name=f"stream {self._record.id}")
        if self._stopped is not None:
            self._streaming.cancel()
        try:
            await self._streaming
        except asyncio.CancelledError:
            if self._stopped is None:
                await self._leave_open()
                raise
            return await self._end("stopped", self._stopped, "stopped")
        except DeadlineExceeded as error:
            self.error = error
            return await self._end("failed", f"cut off after {self._deadline_s:g} s, partial text kept", "deadline")
        except InklingError as error:
            self.error = error
            return await self._end("failed", error.sentence, "failed")
        except Exception:
            log.exception("job.failed", request_id=self._record.id)
            return await self._end("failed", FAILED_INSIDE, "failed")
        return await self._end("done", None, "failed")

    async def _leave_open(self) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
            await asyncio.gather(self._streaming, return_exceptions=True)
        await self._store.checkpoint(self._written())

    async def _stream_when_there_is_room(self) -> None:
        """A full backend is asked again when it says so, as long as the request's own time lasts: it was accepted."""
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + self._deadline_s
        while True:
            try:
                return await self._stream(self._record.cut)
            except Overloaded as error:
                wait_s = BUSY_PAUSE_S if error.retry_after_s is None else error.retry_after_s
                if any(self._raw) or clock() + wait_s > give_up_at:
                    raise
            await self._take(Progress("queued", eta_s=wait_s))
            await asyncio.sleep(wait_s)

    async def _stream(self, may_cut: bool, keep_last_tokens: int | None = None) -> None:
        record = self._record
        request = CompletionRequest(
            record.id, record.prompt, record.options, record.model, keep_last_tokens, self._deadline_s
        )
        try:
            async with aclosing(self._backend.stream(request)) as events:
                async for event in events:
                    await self._take(event)
        except PromptTooLong as error:
            if not may_cut or error.limit < 1:
                raise
            self._note(f"{error.sentence} I kept the last {error.limit:,}.")
            await self._stream(False, error.limit)
        if any(sample.end is None for sample in self._samples):
            raise EngineFailed(f"{self._backend.name} ended before the text was complete. Press 🔁 to try again.")

    def _note(self, sentence: str) -> None:
        if sentence in self._record.notes:
            return
        self._record = replace(self._record, notes=(*self._record.notes, sentence))

    async def _take(self, event: CompletionEvent) -> None:
        if self._record.status == "accepted" and not (isinstance(event, Progress) and event.stage != "running"):
            await self._mark_running()
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, TextDelta):
            self._raw[event.sample] += event.text
            self._save(event.sample)
        else:
            self._save(event.sample, event)
        self._live.show(present(self._record, self._samples, self._progress))
        await self._checkpoint()

    async def _mark_running(self) -> None:
        """Waiting in the backend's queue and waking a model are over: from here on the seconds count as writing."""
        started_at = self._now()
        await self._store.mark_running(self._record.id, started_at)
        self._record = replace(self._record, status="running", started_at=self._record.started_at or started_at)

    def _save(self, index: int, finished: SampleFinished | None = None) -> None:
        sample, text = self._samples[index], self._masked(self._raw[index])
        if finished is not None:
            sample = replace(
                sample,
                text=text,
                end=finished.finish_reason,
                stop_reason=finished.stop_reason,
                completion_tokens=finished.completion_tokens,
            )
        elif len(text) >= len(sample.text):
            sample = replace(sample, text=text)
        self._samples[index] = sample

    def _masked(self, text: str) -> str:
        tail = self._record.prompt[-PROMPT_TAIL:]
        return self._filter.mask(tail + text)[len(tail) :]

    async def _checkpoint(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._checkpointed_at < CHECKPOINT_EVERY_S or not self._written():
            return
        self._checkpointed_at = now
        try:
            await self._store.checkpoint(self._written())
        except Exception:
            log.exception("job.checkpoint_failed", request_id=self._record.id)

    def _written(self) -> list[SampleRecord]:
        return [sample for sample in self._samples if sample.text]

    async def _end(
        self, status: Literal["done", "failed", "stopped"], error: str | None, unfinished: SampleEnd
    ) -> ResultView | None:
        """Save the end; samples that had not finished end as `unfinished` says."""
        outcome = Outcome(status, self._now(), await self._model_name(), error, self._record.notes)
        explains = explainer_of(self._backend) is not None
        return await save_end(self._store, self._record, outcome, self._samples, unfinished, explains)

    async def _model_name(self) -> str | None:
        """The model that wrote it, by the backend's own name; None when the backend can't say."""
        if self._record.model is not None:
            return self._record.model
        try:
            async with asyncio.timeout(HEALTH_PATIENCE_S):
                return (await self._backend.health()).model
        except Exception:
            log.exception("job.model_unknown", request_id=self._record.id)
            return None


def begin_samples(record: RequestRecord, saved: Sequence[SampleRecord] = ()) -> list[SampleRecord]:
    """A request's samples before it runs, with the text an earlier process saved."""
    texts = {sample.index: sample.text for sample in saved}
    options = record.options
    return [SampleRecord(record.id, i, options.seed_of(i), texts.get(i, "")) for i in range(options.samples)]


async def save_end(
    store: Store,
    record: RequestRecord,
    outcome: Outcome,
    samples: Sequence[SampleRecord],
    unfinished: SampleEnd,
    explains: bool,
) -> ResultView | None:
    """End a request in the store; its final view, or None if it had ended before."""
    samples = [sample if sample.end is not None else replace(sample, end=unfinished) for sample in samples]
    if not await store.finish(record.id, outcome, samples):
        return None
    return present(ended(record, outcome), samples, explains=explains)


def ended(record: RequestRecord, outcome: Outcome) -> RequestRecord:
    """The record as the store holds it after `finish`."""
    return replace(
        record,
        status=outcome.status,
        finished_at=outcome.finished_at,
        model=outcome.model or record.model,
        error=outcome.error,
        notes=outcome.notes,
    )
