"""What `inkling complete --json` prints: one completion with everything that shaped it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from backends.store.records import RequestRecord, RequestStatus, SampleEnd, SampleRecord
from bots.cli.observation import Observation
from config.sampling import SamplingOptions


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class SampleReport(_Part):
    text: str
    seed: int
    finish_reason: SampleEnd | None
    stop_reason: str | None
    completion_tokens: int | None


class Timings(_Part):
    """In seconds from the command's acceptance. `queued_s`: until the model was awake and took the prompt;
    `tokens_per_s`: all samples together, without that wait."""

    queued_s: float | None
    first_token_s: float | None
    total_s: float
    tokens_per_s: float | None


class CompletionReport(_Part):
    prompt: str
    model: str | None
    backend: str
    status: RequestStatus
    error: str | None
    options: SamplingOptions
    """Effective, with the seed that was drawn."""
    samples: tuple[SampleReport, ...]
    timings: Timings
    notes: tuple[str, ...]


def report(record: RequestRecord, samples: Sequence[SampleRecord], observation: Observation) -> CompletionReport:
    """The report of a request that has ended."""
    return CompletionReport(
        prompt=record.prompt,
        model=record.model,
        backend=record.backend,
        status=record.status,
        error=record.error,
        options=record.options,
        samples=tuple(
            SampleReport(
                text=sample.text,
                seed=sample.seed,
                finish_reason=sample.end,
                stop_reason=sample.stop_reason,
                completion_tokens=sample.completion_tokens,
            )
            for sample in samples
        ),
        timings=_timings(samples, observation),
        notes=record.notes,
    )


def _timings(samples: Sequence[SampleRecord], observation: Observation) -> Timings:
    total = observation.ended_s or 0.0
    tokens = sum(sample.completion_tokens or 0 for sample in samples)
    working = total - (observation.ready_s or 0.0)
    return Timings(
        queued_s=_rounded(observation.ready_s),
        first_token_s=_rounded(observation.first_text_s),
        total_s=round(total, 3),
        tokens_per_s=round(tokens / working, 1) if tokens and working > 0 else None,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
