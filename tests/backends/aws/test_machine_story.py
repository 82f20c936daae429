"""A machine's days: the API, DynamoDB, SQS and the worker's process are real or emulated, EC2 alone is a double.

Its process is started when it is switched on, and its good end switches it off.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backends.aws.machine.keeper import DEAD_S
from backends.aws.worker.run_job import JobRunner, Pace
from backends.completions_api.client import OpenAIClient
from backends.openai import OpenAIBackend
from backends.protocol import Progress, TextDelta
from config.errors import BackendUnavailable
from tests.backends.contract import Result, complete, read, request
from tests.fakes.aws_account import Account, opened
from tests.fakes.aws_worker import LEASE_S
from tests.fakes.ministack import MiniStack

pytestmark = pytest.mark.slow


@pytest.fixture
async def account(ministack: MiniStack, tmp_path: Path) -> AsyncIterator[Account]:
    async with opened(ministack, tmp_path) as account:
        yield account


def stages(result: Result) -> list[str]:
    seen = [progress.stage for progress in result.progress]
    return [stage for number, stage in enumerate(seen) if number == 0 or seen[number - 1] != stage]


async def test_a_request_wakes_it_and_it_sleeps_again(account: Account) -> None:
    first = await complete(account.backend, request(length=20))
    assert len(first.texts[0].split()) == 20
    assert stages(first)[0] == "waking"
    assert (account.ec2.machine.state, account.ec2.machine.boots) == ("running", 1)
    await account.until(lambda: account.ec2.machine.state == "stopped")
    again = await complete(account.backend, request(length=20))
    assert again.texts == first.texts
    assert account.ec2.machine.boots == 2


async def test_awake_it_answers_without_waking(account: Account) -> None:
    await complete(account.backend, request())
    second = await complete(account.backend, request())
    assert "waking" not in stages(second)
    assert account.ec2.machine.boots == 1


async def test_text_shows_while_it_is_written(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        await complete(account.backend, request(length=1))
        pieces = [event async for event in account.backend.stream(request(length=30)) if isinstance(event, TextDelta)]
        assert len(pieces) >= 4


async def test_what_comes_while_it_stops_is_written_by_the_next_boot(account: Account) -> None:
    await complete(account.backend, request())
    await account.until(lambda: account.ec2.machine.state == "stopping")
    result = await complete(account.backend, request(seed=9))
    assert len(result.texts[0].split()) == 8
    assert account.ec2.machine.boots == 2
    assert account.sooner, "nobody looked before the minute was over"


async def test_killed_in_the_middle_it_comes_back_and_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        whole = await complete(account.backend, request(length=30, seed=5))
        reading = asyncio.create_task(read(account.backend, request(length=30, seed=5)))
        await account.until(account.is_writing)
        account.ec2.machine.signal(signal.SIGKILL)
        async with account.looked_after():
            result = await reading
        assert result.error is None
        assert result.texts == whole.texts
        assert len(result.ends) == 1


async def test_switched_off_in_the_middle_the_next_boot_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    """StopInstances is SIGTERM; what is long is given back."""
    async with opened(ministack, tmp_path, delay_s=0.2, idle_s=60) as account:
        reading = asyncio.create_task(read(account.backend, request(length=40)))
        await account.until(account.is_writing)
        await asyncio.to_thread(account.machine.stop)
        await account.until(lambda: account.ec2.machine.state == "stopped")
        async with account.looked_after():
            result = await reading
        assert result.error is None
        assert len(result.texts[0].split()) == 40
        assert account.ec2.machine.boots == 2


async def test_without_capacity_lambda_writes_it(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, mode="ec2-with-fallback") as account:
        account.ec2.refusal = "InsufficientInstanceCapacity"
        reading = asyncio.create_task(read(account.backend, request()))
        await account.until(lambda: bool(account.spare.messages))
        (message,) = account.spare.receive(1, 0)
        engine_url = account.stage.engine_url
        engine = OpenAIBackend("engine", OpenAIClient("engine", engine_url))
        runner = JobRunner(account.stage.jobs, engine, "lambda", lease_s=LEASE_S, pace=Pace())
        assert (await runner.run(message.job_id)).kind == "ended"
        assert len((await reading).texts[0].split()) == 8
        assert account.ec2.machine.boots == 0
        await engine.aclose()


async def test_a_reader_that_leaves_stops_the_machine_writing(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        async for event in account.backend.stream(request(length=50)):
            if not isinstance(event, Progress):
                break
        await account.until(lambda: not account.open_jobs())


async def test_capacity_that_comes_back_is_taken(account: Account) -> None:
    account.ec2.refusal = "InsufficientInstanceCapacity"
    reading = asyncio.create_task(read(account.backend, request()))
    async with account.looked_after():
        await account.until(lambda: account.ec2.calls.count("StartInstances") > 2)
        assert account.ec2.machine.state == "stopped"
        account.ec2.refusal = ""
        result = await reading
    assert result.error is None
    assert account.ec2.machine.boots == 1


async def test_who_could_not_be_woken_is_woken_by_the_next_look(account: Account) -> None:
    account.ec2.faults = ["RequestLimitExceeded"] * 2
    async with account.looked_after():
        result = await complete(account.backend, request())
    assert len(result.texts[0].split()) == 8


async def test_one_that_cant_work_is_switched_off_and_its_jobs_end(ministack: MiniStack, tmp_path: Path) -> None:
    """A boot loop: each bad end starts the worker again, too many switch the machine off, and while somebody waits it
    is started again."""
    broken = {"INKLING_DEFAULT_BACKEND": "there is none"}
    async with opened(ministack, tmp_path, wake_s=8.0, variables=broken) as account, account.looked_after():
        result = await read(account.backend, request(deadline_s=1.0))
        assert isinstance(result.error, BackendUnavailable)
        assert result.error.sentence == "No machine came to write this within the 9 s allowed; try again later."
        assert account.ec2.machine.restarts > 0
        await account.until(lambda: account.ec2.machine.state == "stopped")
        boots = account.ec2.machine.boots
        await asyncio.to_thread(account.reconciler.look)
        assert (account.ec2.machine.state, account.ec2.machine.boots) == ("stopped", boots)


async def test_one_that_hangs_is_switched_off_and_the_next_boot_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    async with opened(ministack, tmp_path, delay_s=0.1, idle_s=60) as account:
        whole = await complete(account.backend, request(length=30, seed=5))
        account.ec2.grace_s = 0.2
        reading = asyncio.create_task(read(account.backend, request(length=30, seed=5)))
        await account.until(account.is_writing)
        account.ec2.machine.signal(signal.SIGSTOP)
        await asyncio.to_thread(account.reconciler_at(DEAD_S + 10).look)
        await account.until(lambda: account.ec2.machine.state == "stopped")
        async with account.looked_after():
            result = await reading
        assert result.error is None
        assert result.texts == whole.texts
        assert account.ec2.machine.boots == 2
