"""Everything that can happen to jobs, in any order, with every clock up to a minute wrong; and what holds all the same.

Who decides by the time gets the time of its own clock; the promises are kept by the true one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from backends.aws.jobs.job import MAX_TRIES, Job, JobEnd, JournalEvent, Mark, NewJob
from backends.aws.jobs.protocol import JobStore, LeaseLost, LeaseRefused, Message
from backends.aws.jobs.settling import due_end, is_held
from backends.aws.machine.none import NoMachine
from backends.aws.machine.reconciler import Reconciler
from backends.protocol import TextDelta
from config.aws import Deployment
from tests.backends.aws.jobs.contract import NOW, new_job
from tests.fakes.memory_jobs import MemoryHosts, MemoryQueue

TICK_S = 60
GRACE_S = 120
"""A job has ended so long after its deadline, whatever happened."""
skews = st.sampled_from([0, 60, -60, 25])
picks = st.integers(0, 2)
numbers = st.integers(0, 1)
DEPLOYMENT = Deployment(mode="serverless", table="jobs", queue_url="queue")


@dataclass
class Worker:
    name: str
    skew: int
    held: list[Job] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass
class Known:
    """What must stay true of a job, as somebody outside saw it."""

    new: NewJob
    mark: Mark = field(default_factory=Mark)
    text: str = ""
    """Of the attempt in `mark`, up to it."""
    end: Job | None = None


class JobLife(RuleBasedStateMachine):
    def make_jobs(self) -> JobStore:
        raise NotImplementedError

    @initialize(workers=st.lists(skews, min_size=2, max_size=2), tick_skew=skews)
    def begin(self, workers: list[int], tick_skew: int) -> None:
        self.now = NOW
        self.jobs = self.make_jobs()
        self.workers = [Worker(f"worker-{number}", skew) for number, skew in enumerate(workers)]
        self.tick_skew = tick_skew
        self.queue = MemoryQueue(clock=lambda: self.now)
        self.known: dict[str, Known] = {}
        self.glanced: list[Job] = []
        self.written: dict[tuple[str, int], list[str]] = {}
        """The texts of each attempt, as its holder had them acknowledged."""

    # What users do

    @rule(allowed_s=st.sampled_from([20, 45, 100, 400]), skew=skews)
    def submit(self, allowed_s: int, skew: int) -> None:
        created_at = self.now + skew
        plain = new_job(f"Prompt {len(self.known)}", key=f"key-{len(self.known)}")
        new = NewJob(plain.owner, plain.key, plain.prompt, plain.order, created_at, created_at + allowed_s)
        submission = self.jobs.submit(new)
        assert submission.created
        assert submission.job.id not in self.known
        self.known[submission.job.id] = Known(new)
        self.queue.send(submission.job.id)

    @precondition(lambda self: self.known)
    @rule(pick=picks)
    def submit_again(self, pick: int) -> None:
        job_id = self.picked(pick)
        submission = self.jobs.submit(self.known[job_id].new)
        assert (submission.job.id, submission.created) == (job_id, False)

    @precondition(lambda self: self.known)
    @rule(pick=picks, skew=skews)
    def cancel(self, pick: int, skew: int) -> None:
        job = self.jobs.cancel(self.picked(pick), self.now + skew)
        assert job is not None
        assert job.cancel_requested or not job.is_open
        assert job.state != "queued"

    # What workers do

    @rule(number=numbers)
    def take(self, number: int) -> None:
        worker = self.workers[number]
        now = self.now + worker.skew
        # Ids are in no order within a millisecond, and what a run does must not hang on that.
        order = list(self.known)
        for message in sorted(self.queue.receive(10, 0), key=lambda message: order.index(message.job_id)):
            self.try_to_lease(worker, message, now)

    @precondition(lambda self: self.known)
    @rule(number=numbers, pick=picks)
    def take_a_doubled_message(self, number: int, pick: int) -> None:
        worker = self.workers[number]
        self.try_to_lease(worker, Message(self.picked(pick), "doubled"), self.now + worker.skew)

    def try_to_lease(self, worker: Worker, message: Message, now: float) -> None:
        try:
            held = self.jobs.lease(message.job_id, worker.name, now)
        except LeaseRefused as refused:
            self.settle(message, refused.job, now)
            return
        assert (held.state, held.worker, held.cancel_requested) == ("running", worker.name, False)
        assert 1 <= held.tries <= MAX_TRIES
        assert self.jobs.prompt(held.id) == self.known[held.id].new.prompt
        assert (held.id, held.mark.attempt) not in self.written
        self.written[held.id, held.mark.attempt] = []
        worker.held.append(held)
        worker.messages[held.id] = message

    def settle(self, message: Message, job: Job | None, now: float) -> None:
        assert job is not None
        if job.is_open and is_held(job, now):
            self.queue.hold(message, int((job.lease_until or now) - now) + 1)
            return
        end = due_end(job, now)
        if not job.is_open or (end is not None and self.jobs.resolve(job, end)):
            self.queue.delete(message)

    @precondition(lambda self: self.anybody_works())
    @rule(number=numbers, pick=picks, times=st.sampled_from([0, 1, 1, 1, 2]))
    def write(self, number: int, pick: int, times: int) -> None:
        """One entry, sent as often as its answer was lost; or a beat."""
        worker = self.working(number)
        held = worker.held[pick % len(worker.held)]
        texts = self.written[held.id, held.mark.attempt]
        text = f"{held.id}/{held.mark.attempt}/{len(texts)} "
        events: list[JournalEvent] = [TextDelta(0, text)] if times else []
        current = held
        for _ in range(max(times, 1)):
            written = self.held_call(worker, held, lambda: self.jobs.write(held, events, self.now + worker.skew))
            if written is None:
                return
            current = written
        if times:
            texts.append(text)
        worker.held[worker.held.index(held)] = current

    @precondition(lambda self: self.anybody_works())
    @rule(number=numbers, pick=picks, state=st.sampled_from(["done", "failed"]), times=st.integers(1, 2))
    def finish(self, number: int, pick: int, state: str, times: int) -> None:
        worker = self.working(number)
        held = worker.held[pick % len(worker.held)]
        end = JobEnd("cancelled" if held.cancel_requested else state, self.now + worker.skew)  # type: ignore[arg-type]
        text = f"{held.id}/{held.mark.attempt}/end"
        if self.held_call(worker, held, lambda: self.jobs.finish(held, [TextDelta(0, text)], end)) is None:
            return
        for _ in range(times - 1):
            assert self.jobs.finish(held, [TextDelta(0, text)], end).state == end.state
        self.written[held.id, held.mark.attempt].append(text)
        self.drop(worker, held, free_in_s=None)

    @precondition(lambda self: self.anybody_works())
    @rule(number=numbers, pick=picks)
    def release(self, number: int, pick: int) -> None:
        worker = self.working(number)
        held = worker.held[pick % len(worker.held)]
        may = self.holds(held)
        assert self.jobs.release(held) == may
        self.drop(worker, held, free_in_s=0)

    @precondition(lambda self: self.anybody_works())
    @rule(number=numbers)
    def crash(self, number: int) -> None:
        worker = self.workers[number]
        worker.held.clear()
        worker.messages.clear()

    def anybody_works(self) -> bool:
        return any(worker.held for worker in self.workers)

    def working(self, number: int) -> Worker:
        """That one, or the other when it has nothing to do."""
        return self.workers[number] if self.workers[number].held else self.workers[1 - number]

    def held_call(self, worker: Worker, held: Job, call: Callable[[], Job]) -> Job | None:
        """Only who holds the newest attempt of an open job may; others learn that they lost it, and drop it."""
        may = self.holds(held)
        try:
            job = call()
        except LeaseLost:
            assert not may
            self.drop(worker, held, free_in_s=3)
            return None
        assert may
        return job

    def holds(self, held: Job) -> bool:
        job = self.jobs.job(held.id)
        assert job is not None
        return job.state == "running" and (job.worker, job.mark.attempt) == (held.worker, held.mark.attempt)

    def drop(self, worker: Worker, held: Job, free_in_s: int | None) -> None:
        worker.held.remove(held)
        message = worker.messages.pop(held.id, None)
        if message is None:
            return
        if free_in_s is None:
            self.queue.delete(message)
        else:
            self.queue.hold(message, free_in_s)

    # What goes wrong, and time

    @precondition(lambda self: self.known)
    @rule(pick=picks)
    def lose_messages(self, pick: int) -> None:
        job_id = self.picked(pick)
        for _, message in list(self.queue.messages.values()):
            if message.job_id == job_id:
                self.queue.delete(message)

    @rule(seconds=st.sampled_from([31, 1, 19, 60, 200]))
    def pass_time(self, seconds: int) -> None:
        """With a look at everything each minute."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now - self.now % TICK_S + TICK_S)
            if self.now % TICK_S == 0:
                self.look()

    @rule()
    def look(self) -> None:
        looking = Reconciler(
            self.jobs,
            MemoryHosts(),
            self.queue,
            None,
            NoMachine(),
            None,
            DEPLOYMENT,
            clock=lambda: self.now + self.tick_skew,
        )
        looking.look()

    @precondition(lambda self: self.known)
    @rule(pick=picks)
    def glance(self, pick: int) -> None:
        """Somebody looks, and does something about it only later."""
        job = self.jobs.job(self.picked(pick))
        assert job is not None
        self.glanced.append(job)

    @precondition(lambda self: self.glanced)
    @rule()
    def act_on_a_glance(self) -> None:
        seen, now = self.glanced.pop(0), self.now + self.tick_skew
        before = self.jobs.job(seen.id)
        assert before is not None
        end = due_end(seen, now)
        if end is not None:
            self.jobs.resolve(seen, end)
        elif not is_held(seen, now):
            self.jobs.requeue(seen, now)
        if (before.state, before.mark, before.lease_until) != (seen.state, seen.mark, seen.lease_until):
            assert self.jobs.job(seen.id) == before, "it was not as seen any more"

    # What holds

    @invariant()
    def each_job_goes_only_forward(self) -> None:
        for job_id, known in getattr(self, "known", {}).items():
            job = self.jobs.job(job_id)
            assert job is not None, "lost"
            self.check_end(known, job)
            self.check_text(known, job)

    def check_end(self, known: Known, job: Job) -> None:
        if known.end is not None:
            assert job == known.end, "ended twice"
        elif not job.is_open:
            assert job.finished_at is not None
            assert (job.worker, job.lease_until) == (None, None)
            known.end = job
        elif self.now > known.new.deadline_at + GRACE_S:
            raise AssertionError("still open")

    def check_text(self, known: Known, job: Job) -> None:
        assert job.mark >= known.mark
        page = self.jobs.journal(job.id, known.mark, job.mark)
        assert page.upto == job.mark
        before = known.text if job.mark.attempt == known.mark.attempt else ""
        new = "".join(event.text for event in page.events if isinstance(event, TextDelta))
        known.mark, known.text = job.mark, before + new
        assert known.text == "".join(self.written.get((job.id, job.mark.attempt), []))

    def teardown(self) -> None:
        """Nobody works any more; all ends all the same."""
        if not hasattr(self, "known"):
            return
        last = max((known.new.deadline_at for known in self.known.values()), default=self.now)
        self.pass_time(max(int(last + GRACE_S + 1 - self.now), 0))
        self.each_job_goes_only_forward()
        assert all(known.end is not None for known in self.known.values())
        assert list(self.jobs.open_jobs()) == []

    def picked(self, pick: int) -> str:
        return list(self.known)[pick % len(self.known)]
