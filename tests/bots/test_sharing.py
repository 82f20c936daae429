"""Other bots on the same store; tests/e2e/test_two_bots.py has them work side by side."""

from __future__ import annotations

from bots.sharing import Sharing
from tests.fakes.failing_store import FailingStore
from tests.fakes.worlds import World, open_world


async def test_alone_there_is_nothing_to_take_over() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run("Once")
        assert await world.core.sharing.look() == 0
        assert world.core.jobs.running == 1
        run.complete(" upon a time")
        await world.core.jobs.wait(asked.id)


async def test_a_store_that_fails_does_not_hold_up_the_end() -> None:
    async with open_world() as world:
        await sharing_without(world, "leave").end()


def sharing_without(world: World, call: str) -> Sharing:
    return Sharing(FailingStore(world.store, [call]), world.core.jobs)  # type: ignore[arg-type]
