"""The job table in DynamoDB: single-item conditional writes, no transactions.

A write may arrive and its answer be lost; botocore then sends it again, and its condition no longer holds. So whoever
is refused looks first whether what it wanted is already so, by its own hand. Where two could want the very same (one
worker is told twice of a job), each puts a name of its own into the record, `claim`, and looks for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ulid import ULID

from backends.aws.jobs.items import (
    CLAIM,
    KEY,
    RECORD,
    TTL_ATTRIBUTE,
    changing,
    entry_sk,
    fingerprint,
    id_in,
    job_of,
    job_pk,
    key_pk,
    mark_in,
    record_of,
)
from backends.aws.jobs.job import (
    LEASE_S,
    MAX_TRIES,
    Job,
    JobEnd,
    JournalEvent,
    JournalPage,
    Mark,
    NewJob,
    Submission,
)
from backends.aws.jobs.pieces import cut_text, entry_pieces, read_piece
from backends.aws.jobs.protocol import KeyReused, LeaseLost, LeaseRefused
from backends.aws.jobs.table import JobTable, Values

_AFTER_ALL = "~"
_HELD = "#state = :running AND #worker = :worker AND #attempt = :attempt"
_NEXT = " AND #sequence = :before"


class DynamoJobs:
    """`keep_s` is how long a job stays after its deadline; `lease_s` how long a silent worker keeps one."""

    def __init__(self, table: JobTable, *, keep_s: float = 86_400.0, lease_s: float = LEASE_S) -> None:
        self._table = table
        self._keep_s = keep_s
        self._lease_s = lease_s

    # Submitting

    def submit(self, new: NewJob) -> Submission:
        ttl = self._ttl(new.deadline_at)
        job_id = self._claim_key(new, ttl)
        known = self.job(job_id)
        if known is not None:
            return Submission(known, created=False)
        for number, piece in enumerate(cut_text(new.prompt)):
            self._table.put({"pk": job_pk(job_id), "sk": f"prompt#{number:03}", "text": piece, TTL_ATTRIBUTE: ttl})
        job, claim = Job(job_id, new.owner, new.order, new.created_at, new.deadline_at), str(ULID())
        if self._table.put_new(record_of(job, ttl) | {CLAIM: claim}):
            return Submission(job, created=True)
        current = self._table.get(job_pk(job_id), RECORD) or {}
        return Submission(job_of(current) if current else job, created=current.get(CLAIM) == claim)

    def _claim_key(self, new: NewJob, ttl: int) -> str:
        """The id of the job that this key means: a new one, or that of an earlier, perhaps interrupted, submit."""
        pk, job_id, print_ = key_pk(new.owner, new.key), str(ULID()), fingerprint(new)
        claim = {"pk": pk, "sk": KEY, TTL_ATTRIBUTE: ttl, "job": job_id, "fingerprint": print_}
        if self._table.put_new(claim):
            return job_id
        found = self._table.get(pk, KEY)
        if found is None:
            return self._claim_key(new, ttl)  # its time ended between the two calls
        if found["fingerprint"] != print_:
            raise KeyReused
        return str(found["job"])

    # Reading

    def job(self, job_id: str) -> Job | None:
        values = self._table.get(job_pk(job_id), RECORD)
        return job_of(values) if values else None

    def prompt(self, job_id: str) -> str:
        pages = self._table.between(job_pk(job_id), "prompt#", f"prompt#{_AFTER_ALL}")
        texts = [str(values["text"]) for page in pages for values in page]
        if not texts:
            raise KeyError(job_id)
        return "".join(texts)

    def journal(self, job_id: str, after: Mark, upto: Mark) -> JournalPage:
        start = after.sequence if after.attempt == upto.attempt else 0
        first, last = entry_sk(Mark(upto.attempt, start + 1)), f"{entry_sk(upto)}#{_AFTER_ALL}"
        if upto.sequence <= start:
            return JournalPage((), Mark(upto.attempt, start))
        pages = self._table.between(job_pk(job_id), first, last)
        found = next(pages)
        for page in pages:
            # The last entry may go on there.
            more = [values for values in page if not found or mark_in(values["sk"]) == mark_in(found[-1]["sk"])]
            found += more
            if len(more) < len(page):
                break
        events = tuple(event for values in found for event in read_piece(values["events"]))
        return JournalPage(events, mark_in(found[-1]["sk"]) if found else upto)

    def open_jobs(self) -> Iterator[Job]:
        for pk in list(self._table.open_keys()):
            job = self.job(id_in(pk))
            if job is not None and job.is_open:
                yield job

    def count_open(self, before: Job | None = None, limit: int = 1000) -> int:
        return self._table.count_open(job_pk(before.id if before else _AFTER_ALL), limit)

    # Working

    def lease(self, job_id: str, worker: str, now: float) -> Job:
        job = self.job(job_id)
        if job is None or not _can_lease(job, now):
            raise LeaseRefused(job)
        leased = replace(
            job,
            state="running",
            mark=Mark(job.mark.attempt + 1),
            worker=worker,
            lease_until=self._lease_until(job, now),
            tries=job.tries + 1,
            started_at=job.started_at or now,
        )
        claim = str(ULID())
        wanted = changing(leased) | {CLAIM: claim}
        changed = self._change_seen(job, wanted, " AND #cancel_requested = :no", no=False)
        if changed is not None:
            return changed
        values = self._table.get(job_pk(job_id), RECORD)
        if values is None or values.get(CLAIM) != claim:
            raise LeaseRefused(job_of(values) if values else None)
        return job_of(values)

    def write(self, held: Job, events: Sequence[JournalEvent], now: float) -> Job:
        renewed = {"lease_until": self._lease_until(held, now)}
        if not events:
            changed = self._change_held(held, renewed)
        else:
            mark = self._append(held, events)
            changed = self._change_held(held, renewed | {"sequence": mark.sequence}, _NEXT, before=held.mark.sequence)
            changed = changed or self._if_written(held, mark)
        if changed is None:
            raise LeaseLost
        return changed

    def finish(self, held: Job, events: Sequence[JournalEvent], end: JobEnd) -> Job:
        ended = _ended(replace(held, mark=self._append(held, events)), end)
        changed = self._change_held(held, changing(ended), _NEXT, before=held.mark.sequence) or self._if_now(ended)
        if changed is None:
            raise LeaseLost
        return changed

    def release(self, held: Job) -> bool:
        queued = replace(_let_go(held), tries=held.tries - 1)
        return (self._change_held(held, changing(queued)) or self._if_now(queued)) is not None

    # Looking after

    def cancel(self, job_id: str, now: float) -> Job | None:
        self._table.change(
            job_pk(job_id),
            RECORD,
            {"cancel_requested": True},
            "#state IN (:queued, :running)",
            {"queued": "queued", "running": "running"},
        )
        job = self.job(job_id)
        # Nobody can lease it any more; it can only have been given back meanwhile.
        while job is not None and job.state == "queued" and not self.resolve(job, JobEnd("cancelled", now)):
            job = self.job(job_id)
        return self.job(job_id)

    def requeue(self, seen: Job, now: float) -> bool:
        if seen.state != "running" or (seen.lease_until or 0) >= now:
            return False
        queued = _let_go(seen)
        return (self._change_seen(seen, changing(queued)) or self._if_now(queued)) is not None

    def resolve(self, seen: Job, end: JobEnd) -> bool:
        if not seen.is_open:
            return False
        ended = _ended(seen, end)
        return (self._change_seen(seen, changing(ended)) or self._if_now(ended)) is not None

    # Changing

    def _append(self, held: Job, events: Sequence[JournalEvent]) -> Mark:
        """Puts an entry where nobody looks until the record says so; an older attempt's is never looked at."""
        if not events:
            return held.mark
        mark = Mark(held.mark.attempt, held.mark.sequence + 1)
        ttl = self._ttl(held.deadline_at)
        for number, piece in enumerate(entry_pieces(events)):
            sk = f"{entry_sk(mark)}#{number:02}"
            self._table.put({"pk": job_pk(held.id), "sk": sk, "events": piece, TTL_ATTRIBUTE: ttl})
        return mark

    def _change_held(self, held: Job, wanted: Values, also: str = "", **values: Any) -> Job | None:
        """What the holder does; None when it is not the holder any more."""
        given = {"running": "running", "worker": held.worker, "attempt": held.mark.attempt, **values}
        return self._change(held.id, wanted, _HELD + also, given)

    def _change_seen(self, seen: Job, wanted: Values, also: str = "", **values: Any) -> Job | None:
        """What others do, if nobody did anything since."""
        condition = "#state = :state AND #attempt = :attempt AND #sequence = :sequence"
        given = {"state": seen.state, "attempt": seen.mark.attempt, "sequence": seen.mark.sequence, **values}
        if seen.lease_until is None:
            condition += " AND attribute_not_exists(#lease_until)"
        else:
            condition += " AND #lease_until = :lease_until"
            given["lease_until"] = seen.lease_until
        return self._change(seen.id, wanted, condition + also, given)

    def _change(self, job_id: str, wanted: Values, condition: str, given: Values) -> Job | None:
        values = self._table.change(job_pk(job_id), RECORD, wanted, condition, given)
        return job_of(values) if values else None

    def _if_written(self, held: Job, mark: Mark) -> Job | None:
        """The job, if it is still held and this was its last entry."""
        current = self.job(held.id)
        if current is None or current.state != "running" or current.worker != held.worker:
            return None
        return current if current.mark == mark else None

    def _if_now(self, wanted: Job) -> Job | None:
        """The job, if it is already as wanted."""
        current = self.job(wanted.id)
        return current if current is not None and changing(current) == changing(wanted) else None

    def _lease_until(self, job: Job, now: float) -> float:
        return min(now + self._lease_s, job.deadline_at)

    def _ttl(self, deadline_at: float) -> int:
        return int(deadline_at + self._keep_s)


def _can_lease(job: Job, now: float) -> bool:
    if job.cancel_requested or now >= job.deadline_at or job.tries >= MAX_TRIES:
        return False
    return job.state == "queued" or (job.state == "running" and (job.lease_until or 0) < now)


def _let_go(job: Job) -> Job:
    return replace(job, state="queued", worker=None, lease_until=None)


def _ended(job: Job, end: JobEnd) -> Job:
    return replace(
        job, state=end.state, finished_at=end.at, failure=end.failure, model=end.model, worker=None, lease_until=None
    )
