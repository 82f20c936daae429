from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from backends.aws.worker.metadata import InstanceMetadata
from tests.fakes.instance_metadata import REBALANCE, SPOT, FakeMetadata


@dataclass
class Machine:
    told: FakeMetadata
    metadata: InstanceMetadata


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    told = FakeMetadata()
    async with told.served() as url:
        metadata = InstanceMetadata(url.removesuffix("/v1"), look_every_s=0.01)
        yield Machine(told, metadata)
        await metadata.aclose()


async def test_a_machine_knows_its_id(machine: Machine) -> None:
    assert await machine.metadata.instance_id() == "i-0123456789abcdef0"
    assert await machine.metadata.instance_id() == "i-0123456789abcdef0"
    assert len(machine.told.tokens) == 1


@pytest.mark.parametrize(("path", "name"), [(SPOT, "instance-action"), (REBALANCE, "rebalance")])
async def test_a_notice_is_waited_for(machine: Machine, path: str, name: str) -> None:
    noticing = asyncio.create_task(machine.metadata.notice())
    async with asyncio.timeout(20):
        while len(machine.told.asked) < 4:  # noqa: ASYNC110 (the server's state)
            await asyncio.sleep(0.01)
        assert not noticing.done()
        machine.told.told[path] = '{"action": "terminate", "time": "2026-11-25T08:22:00Z"}'
        assert await noticing == name


async def test_a_token_that_expired_is_asked_for_anew(machine: Machine) -> None:
    await machine.metadata.instance_id()
    machine.told.forget_tokens()
    noticing = asyncio.create_task(machine.metadata.notice())
    async with asyncio.timeout(20):
        machine.told.told[SPOT] = "{}"
        assert await noticing == "instance-action"


async def test_trouble_is_no_notice(machine: Machine) -> None:
    machine.told.broken = True
    noticing = asyncio.create_task(machine.metadata.notice())
    await asyncio.wait({noticing}, timeout=0.2)
    assert not noticing.done()
    assert await machine.metadata.instance_id() is None
    machine.told.broken = False
    machine.told.told[SPOT] = "{}"
    async with asyncio.timeout(20):
        assert await noticing == "instance-action"


async def test_nobody_there_is_no_notice() -> None:
    metadata = InstanceMetadata("http://127.0.0.1:9", look_every_s=0.01)
    assert await metadata.instance_id() is None
    await metadata.aclose()
