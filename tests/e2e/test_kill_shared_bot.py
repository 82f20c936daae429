"""A bot on a shared table is killed without warning; itself started anew, or another one, finishes what it accepted."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backends.store.protocol import Store
from tests.backends.conftest import ministack
from tests.e2e.test_kill_bot import HERE, PROMPTS, finals_in, kill_when_shown, run
from tests.fakes.doomed_bot import REQUESTS
from tests.fakes.dynamo_tables import new_table, settings_at, store_at
from tests.fakes.ministack import MiniStack

__all__ = ["ministack"]

pytestmark = pytest.mark.slow

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def table(ministack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which the bots started here use."""
    table = new_table(ministack.url)
    for name, value in settings_at(ministack.url, table).items():
        monkeypatch.setenv(name, value)
    return table


async def check_ended_once(store: Store) -> None:
    records = await store.recent(HERE, "general", 1000)
    assert Counter(record.status for record in records) == {"done": REQUESTS}
    assert {record.prompt for record in records} == PROMPTS
    assert await store.undelivered(LONG_AGO) == await store.open_requests() == ()
    assert (await store.usage(HERE, LONG_AGO)).requests == REQUESTS, "something ended twice"


def folder(path: Path, name: str) -> Path:
    made = path / name
    made.mkdir()
    return made


async def test_started_anew_it_goes_on(ministack: MiniStack, table: str, tmp_path: Path) -> None:
    await kill_when_shown(tmp_path, 4)
    assert await run(tmp_path, "resume") == 0
    async with store_at(ministack.url, table) as store:
        await check_ended_once(store)
    assert {final.prompt for final in finals_in(tmp_path)} == PROMPTS


async def test_another_one_goes_on_once_it_is_known_to_be_gone(
    ministack: MiniStack, table: str, tmp_path: Path
) -> None:
    killed, other = folder(tmp_path, "killed"), folder(tmp_path, "other")
    await kill_when_shown(killed, 4)
    before = {final.prompt for final in finals_in(killed)}
    assert await run(other, "resume") == 0
    assert finals_in(other) == [], "for all it knows, the first one still works"

    async with store_at(ministack.url, table, bot=(killed / "bot-name").read_text()) as dead:
        await dead.leave()  # instead of the time after which this holds by itself
    assert await run(other, "resume") == 0
    async with store_at(ministack.url, table) as store:
        await check_ended_once(store)
    assert {final.prompt for final in finals_in(other)} >= PROMPTS - before


async def test_two_that_are_asked_and_killed_at_the_same_time(ministack: MiniStack, table: str, tmp_path: Path) -> None:
    """Both are told of the same events; each is accepted by one of them."""
    folders = [folder(tmp_path, name) for name in ("one", "two")]
    codes = await asyncio.gather(*(run(each, "ask", "3") for each in folders))
    assert set(codes) <= {0, -9}
    for _ in range(2):
        for each in folders:
            assert await run(each, "resume") == 0
    async with store_at(ministack.url, table) as store:
        await check_ended_once(store)
