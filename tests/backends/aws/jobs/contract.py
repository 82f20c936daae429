"""What every job table does. Subclasses give the fixtures `jobs` and `clock`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from backends.aws.jobs.failure import Failure
from backends.aws.jobs.job import LEASE_S, MAX_TRIES, Job, JobEnd, Mark, NewJob, Order
from backends.aws.jobs.protocol import JobStore, KeyReused, LeaseLost, LeaseRefused
from backends.protocol import SampleFinished, TextDelta
from config.errors import DeadlineExceeded
from config.sampling import SamplingOptions

NOW = 4_000_000_000.0
"""Later than any clock says, so that an emulator doesn't take items away as expired."""
HOSTILE = (
    "It costs $50 and \"quotes\" 'too'",
    "$(echo X) `id` ${HOME} {{ssm:/secret}} %s %(x)s",
    "EOF\n<<-EOF\n\tEOF\n",
    "NUL \x00 and \x1b[31m and \u202e and \ufeff",
    "🖋 𝕀𝕟𝕜 \U0010ffff é\u0301",
    "",
    "🖋" * 100_000,
    "\x00" * 100_000,
)
_keys = count()


def new_job(
    prompt: str = "Once upon a time", *, owner: str = "bot", key: str | None = None, length: int = 20
) -> NewJob:
    order = Order(SamplingOptions(seed=7, length=length, stop=("\n", "$(x)")), "gpt2", 100, 60.5)
    return NewJob(owner, key or f"key-{next(_keys)}", prompt, order, NOW, NOW + 300.25)


def submitted(jobs: JobStore, **given: str) -> Job:
    return jobs.submit(new_job(**given)).job


DONE = JobEnd("done", NOW + 9, model="gpt2")


class JobsContract:
    def test_a_new_job_is_queued_as_it_was_ordered(self, jobs: JobStore) -> None:
        new = new_job()
        made = jobs.submit(new)
        assert made.created
        job = jobs.job(made.job.id)
        assert job == made.job
        assert job is not None
        assert (job.state, job.mark, job.tries, job.order) == ("queued", Mark(), 0, new.order)
        assert (job.created_at, job.deadline_at, job.owner) == (NOW, NOW + 300.25, "bot")

    @pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
    def test_prompts_and_texts_arrive_as_they_were(self, jobs: JobStore, prompt: str) -> None:
        job = submitted(jobs, prompt=prompt)
        assert jobs.prompt(job.id) == prompt
        held = jobs.lease(job.id, "a", NOW)
        held = jobs.write(held, [TextDelta(0, prompt), TextDelta(31, "end")], NOW)
        page = jobs.journal(job.id, Mark(), held.mark)
        while page.upto != held.mark:
            page = jobs.journal(job.id, page.upto, held.mark)
        texts = [event.text for event in page.events if isinstance(event, TextDelta) and event.sample == 0]
        assert "".join(texts) == prompt

    def test_a_known_key_means_the_same_job(self, jobs: JobStore) -> None:
        first = jobs.submit(new_job(key="twice"))
        jobs.lease(first.job.id, "a", NOW)
        again = jobs.submit(new_job(key="twice"))
        assert (again.created, again.job.id, again.job.state) == (False, first.job.id, "running")
        assert jobs.submit(new_job(key="twice", owner="other")).created

    def test_a_key_of_another_request_is_refused(self, jobs: JobStore) -> None:
        jobs.submit(new_job(key="reused"))
        with pytest.raises(KeyReused):
            jobs.submit(new_job("Another prompt", key="reused"))
        with pytest.raises(KeyReused):
            jobs.submit(new_job(key="reused", length=21))

    def test_there_is_nothing_under_another_id(self, jobs: JobStore) -> None:
        missing = "01KB0000000000000000000000"
        assert jobs.job(missing) is None
        assert jobs.cancel(missing, NOW) is None
        with pytest.raises(LeaseRefused):
            jobs.lease(missing, "a", NOW)
        with pytest.raises(KeyError):
            jobs.prompt(missing)

    def test_one_worker_holds_it(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        held = jobs.lease(job.id, "a", NOW)
        assert (held.state, held.worker, held.mark, held.tries) == ("running", "a", Mark(1), 1)
        assert (held.lease_until, held.started_at) == (NOW + LEASE_S, NOW)
        for worker in ("a", "b"):
            with pytest.raises(LeaseRefused) as refused:
                jobs.lease(job.id, worker, NOW + LEASE_S - 1)
            assert refused.value.job == jobs.job(job.id)

    def test_writing_renews_the_lease(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        held = jobs.lease(job.id, "a", NOW)
        held = jobs.write(held, [], NOW + 20)
        assert (held.lease_until, held.mark) == (NOW + 20 + LEASE_S, Mark(1, 0))
        held = jobs.write(held, [TextDelta(0, "Once")], NOW + 25)
        assert held.mark == Mark(1, 1)
        with pytest.raises(LeaseRefused):
            jobs.lease(job.id, "b", NOW + 21 + LEASE_S)

    def test_no_lease_outlives_the_deadline(self, jobs: JobStore) -> None:
        """So that whoever looks after it then ends it at once, were its worker's clock ever so late."""
        job = submitted(jobs)
        held = jobs.lease(job.id, "a", job.deadline_at - 5)
        assert held.lease_until == job.deadline_at
        assert jobs.write(held, [], job.deadline_at + 60).lease_until == job.deadline_at

    def test_the_journal_is_read_from_a_mark(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        entries = [
            [TextDelta(0, "Once"), TextDelta(1, "Twice")],
            [TextDelta(0, " more")],
            [SampleFinished(0, "stop", "\n", 2), SampleFinished(1, "length", None, None)],
        ]
        for entry in entries:
            held = jobs.write(held, entry, NOW)
        for start in range(4):
            page = jobs.journal(held.id, Mark(1, start), held.mark)
            assert page.events == tuple(event for entry in entries[start:] for event in entry)
            assert page.upto == held.mark
        assert jobs.journal(held.id, Mark(), Mark(1, 1)).events == tuple(entries[0])

    def test_a_long_journal_comes_in_pages(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        for number in range(9):
            held = jobs.write(held, [TextDelta(0, str(number) * 200_000)], NOW)
        texts, seen = "", Mark()
        while seen != held.mark:
            page = jobs.journal(held.id, seen, held.mark)
            assert page.upto > seen
            texts, seen = texts + "".join(event.text for event in page.events), page.upto
        assert texts == "".join(str(number) * 200_000 for number in range(9))

    def test_an_entry_longer_than_a_page_comes_whole(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        long = "".join(chr(ord("a") + number % 26) for number in range(1_500_000))
        held = jobs.write(held, [TextDelta(0, "Once "), TextDelta(0, long)], NOW)
        held = jobs.write(held, [TextDelta(0, ".")], NOW)
        for upto in (Mark(1, 1), Mark(1, 2)):
            texts, seen = "", Mark()
            while seen != upto:
                page = jobs.journal(held.id, seen, upto)
                texts, seen = texts + "".join(event.text for event in page.events), page.upto
            assert texts == f"Once {long}."[: 1_500_004 + upto.sequence]

    def test_an_entry_written_again_is_written_once(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        events = [TextDelta(0, "Once"), TextDelta(1, "Twice")]
        written = [jobs.write(held, events, NOW + second) for second in range(3)][-1]
        assert written.mark == Mark(1, 1)
        written = jobs.write(written, [TextDelta(0, " more")], NOW + 4)
        assert jobs.journal(held.id, Mark(), written.mark).events == (*events, TextDelta(0, " more"))
        with pytest.raises(LeaseLost):  # from before the last entry
            jobs.write(held, events, NOW + 5)

    def test_a_late_beat_takes_no_entry_back(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        written = jobs.write(held, [TextDelta(0, "Once")], NOW)
        assert jobs.write(held, [], NOW + 1).mark == written.mark

    def test_ended_again_is_ended_once(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        ended = [jobs.finish(held, [TextDelta(0, "Once")], DONE) for _ in range(2)][-1]
        assert (ended.state, ended.mark) == ("done", Mark(1, 1))
        assert jobs.journal(held.id, Mark(), ended.mark).events == (TextDelta(0, "Once"),)

    def test_one_worker_told_twice_holds_it_once(self, jobs: JobStore) -> None:
        """As when a message is delivered twice: its two tasks share a name."""

        def leased(job_id: str) -> bool:
            try:
                jobs.lease(job_id, "a", NOW)
            except LeaseRefused:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            for _ in range(20):
                job = submitted(jobs)
                assert sum(threads.map(leased, [job.id] * 8)) == 1

    def test_done(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        ended = jobs.finish(held, [TextDelta(0, "all"), SampleFinished(0, "length", None, 20)], DONE)
        assert ended == jobs.job(held.id)
        assert (ended.state, ended.finished_at, ended.model, ended.worker) == ("done", NOW + 9, "gpt2", None)
        assert jobs.journal(held.id, Mark(), ended.mark).events[0] == TextDelta(0, "all")
        self._nobody_changes(jobs, held)

    def test_failed(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        failure = Failure.of(DeadlineExceeded("It took too long.", 3.5))
        jobs.finish(held, [], JobEnd("failed", NOW + 1, failure))
        job = jobs.job(held.id)
        assert job is not None
        assert (job.state, job.failure) == ("failed", failure)

    def _nobody_changes(self, jobs: JobStore, held: Job) -> None:
        before = jobs.job(held.id)
        for change in (
            lambda: jobs.write(held, [TextDelta(0, "more")], NOW),
            lambda: jobs.finish(held, [], JobEnd("failed", NOW + 10)),
            lambda: jobs.lease(held.id, "b", NOW + 10_000),
        ):
            with pytest.raises((LeaseLost, LeaseRefused)):
                change()
        assert not jobs.release(held)
        assert not jobs.resolve(held, JobEnd("failed", NOW + 11))
        assert not jobs.requeue(held, NOW + 10_000)
        assert jobs.cancel(held.id, NOW + 12) == before == jobs.job(held.id)

    def test_a_dead_lease_passes_to_another_whose_text_begins_anew(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        stale = jobs.write(jobs.lease(job.id, "a", NOW), [TextDelta(0, "Old")], NOW)
        held = jobs.lease(job.id, "b", NOW + LEASE_S + 1)
        assert (held.mark, held.tries, held.started_at) == (Mark(2), 2, NOW)
        held = jobs.write(held, [TextDelta(0, "New")], NOW + 40)
        for change in (
            lambda: jobs.write(stale, [TextDelta(0, "er")], NOW + 41),
            lambda: jobs.finish(stale, [], DONE),
        ):
            with pytest.raises(LeaseLost):
                change()
        assert not jobs.release(stale)
        assert jobs.journal(job.id, Mark(1, 1), held.mark).events == (TextDelta(0, "New"),)
        assert jobs.job(job.id) == held

    def test_the_same_worker_with_an_older_attempt_is_stale_too(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        stale = jobs.lease(job.id, "a", NOW)
        jobs.lease(job.id, "a", NOW + LEASE_S + 1)
        with pytest.raises(LeaseLost):
            jobs.write(stale, [], NOW)

    def test_given_back_is_no_try(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        for attempt in range(1, MAX_TRIES + 3):
            held = jobs.lease(job.id, "a", NOW)
            assert (held.mark.attempt, held.tries) == (attempt, 1)
            assert jobs.release(held)
        current = jobs.job(job.id)
        assert current is not None
        assert (current.state, current.tries, current.worker) == ("queued", 0, None)

    def test_after_so_many_tries_nobody_gets_it(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        for number in range(MAX_TRIES):
            jobs.lease(job.id, f"w{number}", NOW + number * (LEASE_S + 1))
        with pytest.raises(LeaseRefused):
            jobs.lease(job.id, "b", NOW + 200)

    def test_past_its_deadline_nobody_gets_it(self, jobs: JobStore) -> None:
        job = submitted(jobs)
        with pytest.raises(LeaseRefused):
            jobs.lease(job.id, "a", job.deadline_at)

    def test_a_queued_job_is_cancelled_at_once(self, jobs: JobStore) -> None:
        job = jobs.cancel(submitted(jobs).id, NOW + 1)
        assert job is not None
        assert (job.state, job.finished_at) == ("cancelled", NOW + 1)
        with pytest.raises(LeaseRefused):
            jobs.lease(job.id, "a", NOW + 2)

    def test_the_holder_of_a_running_job_is_asked_to_stop(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        asked = jobs.cancel(held.id, NOW + 1)
        assert asked is not None
        assert (asked.state, asked.cancel_requested) == ("running", True)
        held = jobs.write(held, [TextDelta(0, "Once")], NOW + 2)
        assert held.cancel_requested
        assert jobs.finish(held, [], JobEnd("cancelled", NOW + 3)).state == "cancelled"

    def test_who_gives_back_a_cancelled_job_leaves_it_to_nobody(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        jobs.cancel(held.id, NOW + 1)
        assert jobs.release(held)
        with pytest.raises(LeaseRefused):
            jobs.lease(held.id, "b", NOW + 2)
        job = jobs.cancel(held.id, NOW + 3)
        assert job is not None
        assert job.state == "cancelled"

    def test_only_a_dead_lease_is_requeued(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        assert not jobs.requeue(held, NOW + LEASE_S)
        renewed = jobs.write(held, [], NOW + 5)
        assert not jobs.requeue(held, NOW + LEASE_S + 1)
        assert jobs.requeue(renewed, NOW + LEASE_S + 6)
        job = jobs.job(held.id)
        assert job is not None
        assert (job.state, job.tries, job.worker, job.lease_until) == ("queued", 1, None, None)

    def test_nothing_is_resolved_that_moved_on(self, jobs: JobStore) -> None:
        held = jobs.lease(submitted(jobs).id, "a", NOW)
        written = jobs.write(held, [TextDelta(0, "Once")], NOW)
        assert not jobs.resolve(held, JobEnd("failed", NOW + 1))
        assert jobs.resolve(written, JobEnd("failed", NOW + 1))
        with pytest.raises(LeaseLost):
            jobs.write(written, [], NOW + 2)

    def test_open_jobs_are_those_that_have_not_ended(self, jobs: JobStore) -> None:
        queued, running, done = (submitted(jobs) for _ in range(3))
        jobs.lease(running.id, "a", NOW)
        jobs.finish(jobs.lease(done.id, "a", NOW), [], DONE)
        assert [job.id for job in jobs.open_jobs()] == sorted([queued.id, running.id])
        assert (jobs.count_open(), jobs.count_open(limit=1)) == (2, 1)
        assert [jobs.count_open(before=job) for job in sorted([queued, running], key=lambda each: each.id)] == [0, 1]
