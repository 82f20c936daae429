from __future__ import annotations

import asyncio
from datetime import timedelta

from bots.retention import Retention
from config.workspace import WorkspaceRef
from tests.fakes.failing_store import FailingStore
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.recording_reply import RecordingFront
from tests.fakes.worlds import ADMIN, Clock, open_store, open_world, opened_core, settings_with


async def test_erases_what_is_older_than_the_rule_and_nothing_else() -> None:
    async with open_world() as world:
        elsewhere = WorkspaceRef("discord", "guild-2")
        await world.core.rules.set(world.call(ADMIN), "retention_days", "7")
        old = await world.completed()
        other = await world.completed(workspace=elsewhere)
        still_open, _ = await world.ask_and_run()
        world.clock.pass_(days=6)
        young = await world.completed()
        world.clock.pass_(days=1, seconds=1)
        assert await Retention(world.store, world.clock).sweep() == 1
        assert await world.store.request(old.id) is None
        assert await world.store.samples(old.id) == ()
        for kept in (other, still_open, young):
            assert await world.store.request(kept.id) is not None


async def test_keeps_everything_without_a_rule() -> None:
    async with open_world() as world:
        await world.completed()
        world.clock.pass_(days=4000)
        assert await Retention(world.store, world.clock).sweep() == 0


async def test_a_failed_sweep_is_not_the_last() -> None:
    class Sweeps(FailingStore):
        tried = asyncio.Event()

        async def workspaces(self) -> tuple[WorkspaceRef, ...]:
            self.tried.set()
            raise OSError("the disk is full")

    store = Sweeps(await open_store())
    retention = asyncio.create_task(Retention(store, lambda: timedelta()).run())  # type: ignore[arg-type,return-value]
    await store.tried.wait()
    await asyncio.sleep(0)
    assert not retention.done()
    retention.cancel()
    await asyncio.gather(retention, return_exceptions=True)


async def test_a_core_sweeps_at_its_start() -> None:
    store = await open_store()
    async with open_world(store) as world:
        await world.core.rules.set(world.call(ADMIN), "retention_days", "1")
        old = await world.completed()
    clock = Clock()
    clock.pass_(days=2)
    async with opened_core(store, [GatedBackend()], clock, RecordingFront(), settings_with()), asyncio.timeout(10):
        while await store.request(old.id) is not None:  # noqa: ASYNC110 (a task of the core's own)
            await asyncio.sleep(0.01)
    await store.aclose()
