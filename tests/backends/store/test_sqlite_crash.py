"""Nothing acknowledged is lost when a process is killed, alone or beside another one."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backends.store.sqlite import SqliteStore
from tests.backends.store.crash import Said, check, kill_one, kill_one_after_the_other, read_lines, start


async def check_file(path: Path, said: Said, writers: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = await SqliteStore.open(path)
    await check(store, said, writers)
    await store.aclose()


@pytest.mark.parametrize("lines", [1, 2, 50])
async def test_a_killed_process_leaves_all_it_acknowledged(tmp_path: Path, lines: int) -> None:
    said = await kill_one({"INKLING_DATA_DIR": str(tmp_path)}, lines)
    await check_file(tmp_path / "inkling.db", said, writers=1)


async def test_of_two_written_together_none_is_left_alone(tmp_path: Path) -> None:
    writer = await start({"INKLING_DATA_DIR": str(tmp_path)}, "one", "pairs")
    assert await read_lines(writer, 1) == [b"accepted both\n"]
    assert await writer.wait() == -signal.SIGKILL
    store = await SqliteStore.open(tmp_path / "inkling.db")
    assert len(await store.open_requests()) == 2
    await store.aclose()


async def test_one_of_two_is_killed_and_the_other_writes_on(tmp_path: Path) -> None:
    said = await kill_one_after_the_other({"INKLING_DATA_DIR": str(tmp_path)})
    await check_file(tmp_path / "inkling.db", said, writers=2)
