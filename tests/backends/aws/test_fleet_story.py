"""A fleet's days: as test_machine_story.py, with an Auto Scaling group in place of the machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.backends.contract import Result, complete, read, request
from tests.fakes.aws_account import Account, opened
from tests.fakes.ec2_instance import FakeInstance
from tests.fakes.ministack import MiniStack

pytestmark = pytest.mark.slow


@asynccontextmanager
async def fleet(ministack: MiniStack, folder: Path, **more: object) -> AsyncIterator[Account]:
    async with opened(ministack, folder, mode="fleet", **more) as account:  # type: ignore[arg-type]
        yield account


def on(account: Account) -> list[FakeInstance]:
    return [each for each in account.ec2.group.instances.values() if each.state == "running"]


async def test_it_comes_from_nought_and_goes_back(ministack: MiniStack, tmp_path: Path) -> None:
    async with fleet(ministack, tmp_path) as account:
        first = await complete(account.backend, request(length=20))
        assert first.progress[0].stage == "waking"
        await account.until(lambda: not account.ec2.group.instances)
        assert account.ec2.group.desired == 0
        again = await complete(account.backend, request(length=20))
        assert again.texts == first.texts
        assert account.ec2.group.desired == 1


async def test_two_machines_share_the_work(ministack: MiniStack, tmp_path: Path) -> None:
    one_each = {"INKLING_AWS_MAX_RUNNING": "1"}
    async with fleet(ministack, tmp_path, delay_s=0.3, idle_s=60, variables=one_each) as account:
        account.ec2.group.desired = 2
        await account.until(lambda: len(on(account)) == 2)
        reading = [asyncio.create_task(read(account.backend, request(length=40, seed=seed))) for seed in (1, 2)]
        await account.until(lambda: len({job.worker for job in account.open_jobs() if job.worker}) == 2)
        await account.until(lambda: len(account.ec2.group.protected) == 2)
        account.ec2.group.desired = 0
        for result in await asyncio.gather(*reading):
            assert_whole(result, words=40)
        await account.until(lambda: not account.ec2.group.instances)


async def test_what_aws_takes_away_another_finishes(ministack: MiniStack, tmp_path: Path) -> None:
    """A Spot machine's two minutes: the job is given back, the group starts another machine."""
    async with fleet(ministack, tmp_path, delay_s=0.3, idle_s=60) as account:
        reading = asyncio.create_task(read(account.backend, request(length=40, seed=5)))
        await account.until(account.is_writing)
        (first,) = on(account)
        first.notice = True
        async with account.looked_after():
            result = await reading
        assert_whole(result, words=40)
        assert first not in on(account)
        assert len(on(account)) == 1


async def test_what_is_asked_while_the_last_one_leaves_is_written(ministack: MiniStack, tmp_path: Path) -> None:
    async with fleet(ministack, tmp_path) as account:
        await complete(account.backend, request())
        await account.until(lambda: account.stage.hosts.host("worker").state == "draining")
        result = await complete(account.backend, request(seed=9))
        assert_whole(result, words=8)


def assert_whole(result: Result, words: int) -> None:
    assert result.error is None
    assert len(result.texts[0].split()) == words
    assert len(result.ends) == 1
