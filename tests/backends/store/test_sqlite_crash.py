"""Nothing acknowledged is lost when a process is killed, alone or beside another one."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest

from backends.store.sqlite import SqliteStore
from tests.fakes.records import HERE, NOW

Said = dict[str, set[str]]


async def start(path: Path, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.store_writer", str(path), *arguments, stdout=PIPE
    )


async def read_lines(process: Process, count: int) -> list[bytes]:
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(count)]
    assert all(lines), "the writer ended by itself"
    return lines


async def kill(process: Process) -> list[bytes]:
    """The lines it had still written."""
    process.kill()
    rest, _ = await process.communicate()
    return [line + b"\n" for line in rest.split(b"\n")[:-1]]


def sort_lines(lines: list[bytes]) -> Said:
    said: Said = defaultdict(set)
    for line in lines:
        what, request_id = line.decode().split()
        said[what].add(request_id)
    return said


async def check(path: Path, said: Said, writers: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store = await SqliteStore.open(path)
    kept = {record.id: record for record in await store.requests_of(HERE, "u1")}
    texts = {request_id: await store.samples(request_id) for request_id in kept}
    open_ids = {record.id for record in await store.open_requests()}
    usage = await store.usage(HERE, NOW)
    await store.aclose()

    assert said["accepted"] <= kept.keys()
    assert len(kept) <= len(said["accepted"]) + writers, "each may have written one that it had no time to tell"
    assert all(texts[request_id] for request_id in said["saved"])
    ended = {request_id for request_id, record in kept.items() if not record.is_open}
    assert said["finished"] <= ended
    assert open_ids == kept.keys() - ended
    assert usage.requests == len(ended)


@pytest.mark.parametrize("lines", [1, 2, 50])
async def test_a_killed_process_leaves_all_it_acknowledged(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "inkling.db"
    writer = await start(path, "one")
    said = sort_lines(await read_lines(writer, lines) + await kill(writer))
    await check(path, said, writers=1)


async def test_of_two_written_together_none_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "inkling.db"
    writer = await start(path, "one", "pairs")
    assert await read_lines(writer, 1) == [b"accepted both\n"]
    assert await writer.wait() == -signal.SIGKILL
    store = await SqliteStore.open(path)
    assert len(await store.open_requests()) == 2
    await store.aclose()


async def test_one_of_two_is_killed_and_the_other_writes_on(tmp_path: Path) -> None:
    path = tmp_path / "inkling.db"
    writers = [await start(path, name) for name in ("one", "two")]
    lines = await read_lines(writers[0], 30) + await kill(writers[0])
    lines += await read_lines(writers[1], 30) + await kill(writers[1])
    await check(path, sort_lines(lines), writers=2)
