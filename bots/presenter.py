"""The words of a result: heading, notices, footers. Every front says the same because it says this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backends.protocol import Progress
from backends.store.records import RequestRecord, SampleRecord
from bots.insight.spelling import show_directions
from bots.views import Action, ResultView, SampleView, ViewStatus
from config.sampling import OPTIONS, OptionValue, SamplingOptions

BROKEN = "Inkling failed inside; its log says more. Nothing you wrote is lost."
"""What a person hears of an error nobody expected."""
_HEADING_OPTIONS = ("temperature", "top_p", "top_k", "length")
KIND_WORDS: Mapping[str, str] = {
    "complete": "",
    "regenerate": "Again",
    "vary": "Varied",
    "continue": "Continued",
    "edit": "Another prompt",
    "branch": "Branched",
    "compare": "Compared",
}
"""What a result is to the one it comes from."""
_ENDED_ACTIONS: tuple[Action, ...] = (
    "again",
    "continue",
    "vary",
    "why",
    "same_seed",
    "edit",
    "story",
    "file",
    "undo",
    "delete",
)
_OF_TEXT = frozenset({"continue", "why", "story", "file"})


def present(
    record: RequestRecord,
    samples: Sequence[SampleRecord],
    progress: Progress | None = None,
    explains: bool = False,
    votes: int = 0,
) -> ResultView:
    """A request as it is now, ready to be rendered. `explains`: its backend can tell why."""
    status = _status(record, samples)
    return ResultView(
        request_id=record.id,
        group_id=record.group_id,
        channel=record.channel,
        kind=record.kind,
        prompt=record.prompt,
        heading=heading(record),
        status=status,
        notice=waiting_notice(progress) if status == "waiting" else None,
        samples=tuple(_present_sample(record, sample, samples) for sample in samples),
        notes=record.notes,
        error=record.error if status == "failed" else None,
        actions=_actions(record, samples, explains),
        requester_id=record.requester_id,
        parent_id=record.parent.request_id if record.parent else None,
        parent_sample=record.parent.sample if record.parent else None,
        private=record.private,
        votes=votes,
    )


def heading(record: RequestRecord) -> str:
    """`3 samples · temperature 0.8 · top_p 0.95 · top_k 40 · length 60 · for @member`."""
    options = record.options
    count = [f"{options.samples} samples"] if options.samples > 1 else []
    always = [f"{name} {shown(getattr(options, name))}" for name in _HEADING_OPTIONS]
    others = [f"{name} {value}" for name, value in _differing(options, record.baseline) if name not in _HEADING_OPTIONS]
    return " · ".join([*count, *always, *others, f"for @{record.requester_name}"])


def _differing(options: SamplingOptions, baseline: SamplingOptions) -> list[tuple[str, str]]:
    """Options other than the place's defaults; samples and seed are told elsewhere."""
    names = (spec.name for spec in OPTIONS if spec.name not in ("samples", "seed"))
    return [
        (name, shown(getattr(options, name))) for name in names if getattr(options, name) != getattr(baseline, name)
    ]


def shown(value: OptionValue) -> str:
    """An option's value as people write it."""
    if isinstance(value, tuple):
        return ", ".join(quoted(stop) for stop in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def quoted(text: str) -> str:
    """Text in quotes, with line breaks and what turns its direction visible."""
    visible = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{show_directions(visible)}"'


def waiting_notice(progress: Progress | None) -> str:
    """Why there is no text yet, in one sentence."""
    if progress is None or progress.stage == "running":
        return "Writing …"
    about = f", about {duration(progress.eta_s)}" if progress.eta_s is not None else ""
    if progress.stage == "starting":
        return f"Waking the model{about}."
    ahead = f", {progress.position} ahead of you" if progress.position else ""
    if progress.stage == "waking":
        return f"Waking the machine{ahead}{about}."
    return f"Queued{ahead}{about}."


def reading_notice(characters: int) -> str:
    """Why 📊 is not there yet."""
    return f"Reading {characters:,} characters …"


def duration(seconds: float) -> str:
    """`20 s`, `2 minutes`."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} minutes"


def _status(record: RequestRecord, samples: Sequence[SampleRecord]) -> ViewStatus:
    if record.status in ("done", "failed", "stopped"):
        return record.status
    return "writing" if any(sample.text for sample in samples) else "waiting"


def _actions(record: RequestRecord, samples: Sequence[SampleRecord], explains: bool) -> tuple[Action, ...]:
    if record.is_open:
        return ("stop",)
    written = any(sample.text for sample in samples)
    several: tuple[Action, ...] = ("pick",) if written and len(samples) > 1 else ()
    compared: tuple[Action, ...] = ("vote",) if written and record.kind == "compare" else ()
    shown = [action for action in _ENDED_ACTIONS if (written or action not in _OF_TEXT)]
    return (*(action for action in shown if explains or action != "why"), *several, *compared)


def _present_sample(record: RequestRecord, sample: SampleRecord, samples: Sequence[SampleRecord]) -> SampleView:
    ended = sample.end is not None and not record.is_open
    footer = _footer(record, sample, samples) if ended else ""
    return SampleView(sample.index, sample.text, sample.end, sample.seed, footer)


def _footer(record: RequestRecord, sample: SampleRecord, samples: Sequence[SampleRecord]) -> str:
    """`smollm2-135m · seed 48213 · 60 tokens, 0.9 s (66/s) · stopped at length`."""
    differing = [f"{name} {value}" for name, value in _differing(record.options, record.baseline)]
    parts = [record.model or record.backend, f"seed {sample.seed}", *differing, _speed(record, sample, samples)]
    return " · ".join([part for part in parts if part] + [_how_it_ended(record, sample)])


def _speed(record: RequestRecord, sample: SampleRecord, samples: Sequence[SampleRecord]) -> str:
    """This sample's tokens, the request's seconds, and its speed: of several samples, which share both, all together.

    `60 tokens, 0.9 s (66/s)`, `60 tokens, all 3 in 0.9 s (200/s)`.
    """
    if sample.completion_tokens is None or record.started_at is None or record.finished_at is None:
        return ""
    seconds = max((record.finished_at - record.started_at).total_seconds(), 0.001)
    total = sum(each.completion_tokens or 0 for each in samples)
    unit = "token" if sample.completion_tokens == 1 else "tokens"
    all_of_them = f"all {len(samples)} in " if len(samples) > 1 else ""
    return f"{sample.completion_tokens} {unit}, {all_of_them}{seconds:.1f} s ({total / seconds:.0f}/s)"


def _how_it_ended(record: RequestRecord, sample: SampleRecord) -> str:
    if sample.end == "length":
        return "stopped at length"
    if sample.end == "stop":
        return "reached the end" if sample.stop_reason is None else f"stopped at {quoted(sample.stop_reason)}"
    if sample.end == "deadline":
        return record.error or "cut off by the time limit, partial text kept"
    if sample.end == "stopped":
        return record.error or "stopped"
    return _failure(record.error)


def _failure(error: str | None) -> str:
    """`failed: the model ran out of memory; nothing was lost, press 🔁`."""
    if error is None:
        return "failed"
    return error if error.startswith("failed") else f"failed: {error}"
