"""Nothing acknowledged is lost when a process is killed, alone or beside another one."""

from __future__ import annotations

import pytest

from tests.backends.store.crash import check, kill_one, kill_one_after_the_other
from tests.fakes.dynamo_tables import new_table, settings_at, store_at


@pytest.mark.parametrize("lines", [1, 2, 50])
async def test_a_killed_process_leaves_all_it_acknowledged(url: str, lines: int) -> None:
    table = new_table(url)
    said = await kill_one(settings_at(url, table), lines)
    async with store_at(url, table) as store:
        await check(store, said, writers=1)


async def test_one_of_two_is_killed_and_the_other_writes_on(url: str) -> None:
    table = new_table(url)
    said = await kill_one_after_the_other(settings_at(url, table))
    async with store_at(url, table) as store:
        await check(store, said, writers=2)
