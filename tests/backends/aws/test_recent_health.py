"""How often the API is asked how it is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from backends.aws.client.jobs import HealthView
from backends.aws.recent_health import SETTLED_S, STARTING_S, RecentHealth
from config.errors import BackendUnavailable


@dataclass
class Source:
    """Answers when the gate is open."""

    state: str = "asleep"
    asked: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: BackendUnavailable | None = None

    async def health(self) -> HealthView:
        self.asked += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return HealthView(state=self.state, model="gpt2")


class Looks:
    def __init__(self) -> None:
        self.now = 100.0
        self.source = Source()
        self.recent = RecentHealth(self.source, lambda: self.now)

    async def states(self, times: int, every_s: float) -> set[str]:
        seen = set()
        for _ in range(times):
            seen.add((await self.recent.get()).state)
            self.now += every_s
        return seen


@pytest.fixture
def looks() -> Looks:
    return Looks()


@pytest.mark.parametrize(("state", "kept_s"), [("asleep", SETTLED_S), ("ready", SETTLED_S), ("starting", STARTING_S)])
async def test_an_hour_of_looks_asks_as_seldom_as_that(looks: Looks, state: str, kept_s: float) -> None:
    looks.source.gate.set()
    looks.source.state = state
    assert await looks.states(3600, every_s=1.0) == {state}
    assert looks.source.asked == 3600 / kept_s


async def test_what_changed_is_asked_anew(looks: Looks) -> None:
    looks.source.gate.set()
    await looks.recent.get()
    looks.source.state = "starting"
    looks.recent.forget()
    assert (await looks.recent.get()).state == "starting"


async def test_an_answer_from_before_a_change_is_not_kept(looks: Looks) -> None:
    waiting = asyncio.create_task(looks.recent.get())
    while not looks.source.asked:  # noqa: ASYNC110 (another task's state)
        await asyncio.sleep(0)
    looks.recent.forget()
    looks.source.gate.set()
    assert (await waiting).state == "asleep"
    looks.source.state = "starting"
    assert (await looks.recent.get()).state == "starting"


async def test_who_waits_no_longer_leaves_the_answer_to_the_next(looks: Looks) -> None:
    """A function that starts cold takes longer than a page waits; it need not be asked again for that."""
    first, second = asyncio.create_task(looks.recent.get()), asyncio.create_task(looks.recent.get())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    looks.source.gate.set()
    assert (await second).state == "asleep"
    assert looks.source.asked == 1


async def test_a_failure_is_not_kept(looks: Looks) -> None:
    looks.source.gate.set()
    looks.source.error = BackendUnavailable("aws can't be reached.")
    for _ in range(2):
        with pytest.raises(BackendUnavailable):
            await looks.recent.get()
    looks.source.error = None
    assert (await looks.recent.get()).state == "asleep"


async def test_closing_lets_nobody_wait(looks: Looks) -> None:
    waiting = asyncio.create_task(looks.recent.get())
    await asyncio.sleep(0)
    looks.recent.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
