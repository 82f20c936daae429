"""A machine that goes to sleep while somebody submits: nobody is ever left alone with a job, in any order of events."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from backends.aws.calls import PATIENT, POLLING
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.sqs import SqsQueue
from backends.aws.jobs.table import JobTable
from backends.aws.worker.worker import Rhythm
from tests.fakes.memory_jobs import MemoryHosts, MemoryJobs, MemoryQueue
from tests.fakes.ministack import MiniStack
from tests.fakes.sleeping_machine import Jitter, Race

TIMES = 200


async def run(races: Sequence[Race], delays: Sequence[float], at_once: int) -> Counter[str]:
    """What became of each."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4 * at_once))
    places = asyncio.Semaphore(at_once)

    async def one(race: Race, delay: float) -> str:
        async with places:
            return await race.run(delay)

    return Counter(await asyncio.gather(*map(one, races, delays)))


def in_memory(number: int) -> Race:
    chance = random.Random(number)
    hosts, queue = MemoryHosts(), MemoryQueue()
    return Race(
        MemoryJobs(),
        Jitter(hosts, chance, 0.004),
        Jitter(queue, chance, 0.004),
        Rhythm(idle_s=0.02, poll_s=1, beat_s=0.01),
        f"machine-{number}",
    )


async def test_two_hundred_times() -> None:
    chance = random.Random(7)
    outcomes = await run(
        [in_memory(number) for number in range(TIMES)], [chance.uniform(0, 0.08) for _ in range(TIMES)], 10
    )
    # Both ways were taken often, or the delays don't meet the moment that this is about.
    assert min(outcomes["stayed"], outcomes["started again"]) > TIMES / 10, outcomes


@pytest.mark.slow
async def test_two_hundred_times_on_emulated_tables_and_queues(ministack: MiniStack) -> None:
    chance = random.Random(7)
    race = on(ministack)
    delays = [chance.uniform(1.2, 2.6) for _ in range(TIMES)]
    outcomes = await run([race(number) for number in range(TIMES)], delays, 20)
    assert min(outcomes["stayed"], outcomes["started again"]) > TIMES / 20, outcomes


def on(ministack: MiniStack) -> Callable[[int], Race]:
    """A look at an emulated queue takes a second at least."""
    dynamodb, sqs = ministack.client("dynamodb", config=PATIENT), ministack.client("sqs", config=POLLING)

    def race(number: int) -> Race:
        name = f"race-{os.getpid()}-{number}"
        create_table(dynamodb, name)
        queue = SqsQueue(sqs, sqs.create_queue(QueueName=name)["QueueUrl"])
        table = JobTable(dynamodb, name)
        rhythm = Rhythm(idle_s=0.5, poll_s=1, beat_s=0.3)
        return Race(DynamoJobs(table), DynamoHosts(table), queue, rhythm, name, tick_s=0.3, stopping_s=0.4)

    return race
