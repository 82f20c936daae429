"""What several processes do at the same moment to one job table; each function runs in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from queue import Empty
from typing import Any

from backends.aws.calls import PATIENT, POLLING
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.job import NewJob
from backends.aws.jobs.protocol import Host, LeaseRefused
from backends.aws.jobs.sqs import SqsQueue
from backends.aws.jobs.table import JobTable
from tests.fakes.ministack import client_at

PATIENCE_S = 90.0


@dataclass(frozen=True)
class Place:
    """An emulator's table, and its queue where there is one."""

    url: str
    table: str
    queue_url: str = ""

    def jobs(self) -> DynamoJobs:
        return DynamoJobs(self._table())

    def hosts(self) -> DynamoHosts:
        return DynamoHosts(self._table())

    def queue(self) -> SqsQueue:
        return SqsQueue(client_at(self.url, "sqs", config=POLLING), self.queue_url)

    def _table(self) -> JobTable:
        return JobTable(client_at(self.url, "dynamodb", config=PATIENT), self.table)


class Gate:
    """Opens once all are there, again and again."""

    def __init__(self, barrier: Any) -> None:
        self._barrier = barrier

    def pass_together(self) -> None:
        self._barrier.wait(PATIENCE_S)


def race(*runners: tuple[Callable[..., object], tuple[object, ...]]) -> list[Any]:
    """Each function in a process of its own, called with its arguments and the gate they share; what they returned."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    gate, answers = Gate(context.Barrier(len(runners))), context.Queue()
    processes = [
        context.Process(target=_run, args=(answers, number, run, given, gate), daemon=True)
        for number, (run, given) in enumerate(runners)
    ]
    for process in processes:
        process.start()
    try:
        said = dict(answers.get(timeout=PATIENCE_S) for _ in processes)
    except Empty:
        raise AssertionError(f"exit codes {[process.exitcode for process in processes]}") from None
    finally:
        for process in processes:
            process.join(5)
            process.kill()
    return [said[number] for number in range(len(runners))]


def _run(answers: Any, number: int, run: Callable[..., object], given: tuple[object, ...], gate: Gate) -> None:
    answers.put((number, run(*given, gate)))


def take_leases(place: Place, job_ids: Sequence[str], worker: str, now: float, gate: Gate) -> list[str]:
    """Those it got."""
    jobs, got = place.jobs(), []
    for job_id in job_ids:
        gate.pass_together()
        try:
            jobs.lease(job_id, worker, now)
        except LeaseRefused:
            continue
        got.append(job_id)
    return got


def submit_all(place: Place, news: Sequence[NewJob], gate: Gate) -> list[tuple[str, bool]]:
    """Ids, and whether it made them."""
    jobs, made = place.jobs(), []
    for new in news:
        gate.pass_together()
        submission = jobs.submit(new)
        made.append((submission.job.id, submission.created))
    return made


def call_for_work(place: Place, job_ids: Sequence[str], gate: Gate) -> list[str]:
    """What each round's machine said of itself when it was called."""
    hosts, queue, said = place.hosts(), place.queue(), []
    for number, job_id in enumerate(job_ids):
        gate.pass_together()
        _stagger(number)
        queue.send(job_id)
        said.append(hosts.call(f"host-{number}").state)
        gate.pass_together()
    return said


def go_when_idle(place: Place, job_ids: Sequence[str], gate: Gate) -> list[tuple[bool, str]]:
    """Whether it went, and what it found in each round: at its last look, or later since it stayed or was called
    back."""
    hosts, queue, found = place.hosts(), place.queue(), []
    for number in range(len(job_ids)):
        here = hosts.beat(Host(f"host-{number}", state="up", beat_at=time.time()))
        gate.pass_together()
        _stagger(2 - number)
        seen = hosts.host(here.name)
        messages = queue.receive(1, 0)
        went = not messages and hosts.drain(seen, time.time())
        gate.pass_together()
        messages = messages or queue.receive(1, 20)
        for message in messages:
            queue.delete(message)
        found.append((went, messages[0].job_id if messages else ""))
    return found


def _stagger(number: int) -> None:
    """So that each side is first at times."""
    time.sleep(number % 5 * 0.002)
