"""One request from running to ended: the backend's events become saved samples and shown views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

import structlog

from backends.protocol import Backend, CompletionEvent, CompletionRequest, Progress, SampleFinished, TextDelta
from backends.store.protocol import Store
from backends.store.records import Outcome, RequestRecord, SampleEnd, SampleRecord
from bots.presenter import present
from bots.reply import LiveReply
from bots.word_filter import WordFilter
from config.errors import DeadlineExceeded, InklingError, PromptTooLong

CHECKPOINT_EVERY_S = 1.0

log = structlog.get_logger(__name__)


class JobRun:
    """Runs one request. `run` returns when the request has ended and its final view was shown."""

    def __init__(
        self,
        record: RequestRecord,
        store: Store,
        backend: Backend,
        live: LiveReply,
        word_filter: WordFilter,
        deadline_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._record = record
        self._store = store
        self._backend = backend
        self._live = live
        self._filter = word_filter
        self._deadline_s = deadline_s
        self._now = now
        self._progress: Progress | None = None
        self._raw = [""] * record.options.samples
        self._samples = [
            SampleRecord(record.id, index, record.options.seed_of(index)) for index in range(record.options.samples)
        ]
        self._stopped_by: str | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._checkpointed_at = 0.0

    def stop(self, by: str) -> None:
        """End the request soon, keeping the text so far."""
        self._stopped_by = by
        if self._streaming is not None:
            self._streaming.cancel()

    async def run(self) -> None:
        """Stream to the end. Cancelling this leaves the request open, to be resumed after a restart."""
        started_at = self._now()
        await self._store.mark_running(self._record.id, started_at)
        self._record = replace(self._record, status="running", started_at=self._record.started_at or started_at)
        self._streaming = asyncio.create_task(self._stream(self._record.cut), name=f"stream {self._record.id}")
        if self._stopped_by is not None:
            self._streaming.cancel()
        try:
            await self._streaming
        except asyncio.CancelledError:
            if self._stopped_by is None:
                await self._leave_open()
                raise
            await self._end("stopped", f"stopped by @{self._stopped_by}", "stopped")
        except DeadlineExceeded:
            await self._end("failed", f"cut off after {self._deadline_s:g} s, partial text kept", "deadline")
        except InklingError as error:
            await self._end("failed", error.sentence, "failed")
        except Exception:
            log.exception("job.failed", request_id=self._record.id)
            await self._end("failed", "failed inside Inkling; the log says more. Press 🔁 to try again.", "failed")
        else:
            await self._end("done", None, "failed")

    async def _leave_open(self) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
            await asyncio.gather(self._streaming, return_exceptions=True)
        await self._store.checkpoint(self._samples)
        await self._live.aclose()

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

    def _note(self, sentence: str) -> None:
        self._record = replace(self._record, notes=(*self._record.notes, sentence))

    async def _take(self, event: CompletionEvent) -> None:
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, TextDelta):
            self._raw[event.sample] += event.text
            self._save(event.sample)
        else:
            self._save(event.sample, event)
        self._live.show(present(self._record, self._samples, self._progress))
        await self._checkpoint()

    def _save(self, index: int, finished: SampleFinished | None = None) -> None:
        sample = replace(self._samples[index], text=self._filter.mask(self._raw[index]))
        if finished is not None:
            sample = replace(
                sample,
                end=finished.finish_reason,
                stop_reason=finished.stop_reason,
                completion_tokens=finished.completion_tokens,
            )
        self._samples[index] = sample

    async def _checkpoint(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._checkpointed_at >= CHECKPOINT_EVERY_S:
            self._checkpointed_at = now
            await self._store.checkpoint([sample for sample in self._samples if sample.text])

    async def _end(self, status: str, error: str | None, unfinished: SampleEnd) -> None:
        """Save the end and show it; samples that had not finished end as `unfinished` says."""
        self._samples = [
            sample if sample.end is not None else replace(sample, end=unfinished) for sample in self._samples
        ]
        outcome = Outcome(
            status,  # type: ignore[arg-type]  # one of the three literals above
            self._now(),
            await self._model_name(),
            error,
            self._record.notes,
        )
        if await self._store.finish(self._record.id, outcome, self._samples):
            self._record = ended(self._record, outcome)
            await self._live.finish(present(self._record, self._samples))
        else:
            await self._live.aclose()

    async def _model_name(self) -> str | None:
        """The model that wrote it, by the backend's own name; None when the backend can't say."""
        if self._record.model is not None:
            return self._record.model
        try:
            return (await self._backend.health()).model
        except InklingError:
            return None


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
