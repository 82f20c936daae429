"""What a reader of a job has heard already, whoever wrote it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from backends.aws.client.jobs import JobView
from backends.aws.jobs.job import JournalEvent, Mark
from backends.protocol import CompletionEvent, Progress, SampleFinished, TextDelta
from config.errors import EngineFailed


class Told:
    """Another attempt at the same job writes the same text, so that its reader hears only what is new in it. `name` is
    the backend's."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.seen = Mark()
        """How far the journal was read."""
        self._told: dict[int, str] = defaultdict(str)
        self._ended: dict[int, SampleFinished] = {}
        self._attempt: dict[int, str] = defaultdict(str)
        """What the attempt that is being read wrote so far."""
        self._progress: Progress | None = None

    def news(self, job: JobView) -> Iterator[CompletionEvent]:
        """Raises EngineFailed when an attempt writes something else than another did."""
        yield from self._progress_of(job)
        if job.mark.attempt != self.seen.attempt:
            self._attempt.clear()
        self.seen = max(self.seen, job.mark)
        for event in job.events:
            yield from self._new(event)

    def _progress_of(self, job: JobView) -> Iterator[Progress]:
        if self._told or self._ended or not job.is_open:
            return
        progress = Progress("running")
        if job.state == "queued":
            progress = Progress("waking" if job.waking else "queued", job.position, job.eta_s)
        if progress != self._progress:
            self._progress = progress
            yield progress

    def _new(self, event: JournalEvent) -> Iterator[CompletionEvent]:
        if isinstance(event, TextDelta):
            self._attempt[event.sample] += event.text
            yield from self._more(event.sample)
        elif self._attempt[event.sample] != self._told[event.sample] or self._ended.get(event.sample, event) != event:
            raise self._differs()
        elif event.sample not in self._ended:
            self._ended[event.sample] = event
            yield event

    def _more(self, sample: int) -> Iterator[TextDelta]:
        told, now = self._told[sample], self._attempt[sample]
        if told.startswith(now):
            return
        if sample in self._ended or not now.startswith(told):
            raise self._differs()
        self._told[sample] = now
        yield TextDelta(sample, now[len(told) :])

    def _differs(self) -> EngineFailed:
        return EngineFailed(f"{self._name} had to begin again and wrote something else; the text so far is kept.")
