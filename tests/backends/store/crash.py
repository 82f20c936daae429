"""Nothing acknowledged is lost when a process that writes to a store is killed, alone or beside another one."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import Mapping

from backends.store.protocol import Store
from tests.fakes.records import HERE, NOW

Said = dict[str, set[str]]


async def start(environment: Mapping[str, str], *arguments: str) -> Process:
    """A writer to the store that these settings name."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.store_writer", *arguments, stdout=PIPE, env={**os.environ, **environment}
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


async def check(store: Store, said: Said, writers: int) -> None:
    kept = {record.id: record for record in await store.requests_of(HERE, "u1")}
    texts = {request_id: await store.samples(request_id) for request_id in kept}
    open_ids = {record.id for record in await store.open_requests()}
    usage = await store.usage(HERE, NOW)

    assert said["accepted"] <= kept.keys()
    assert len(kept) <= len(said["accepted"]) + writers, "each may have written one that it had no time to tell"
    assert all(texts[request_id] for request_id in said["saved"])
    ended = {request_id for request_id, record in kept.items() if not record.is_open}
    assert said["finished"] <= ended
    assert open_ids == kept.keys() - ended
    assert usage.requests == len(ended)


async def kill_one(environment: Mapping[str, str], lines: int) -> Said:
    writer = await start(environment, "one")
    return sort_lines(await read_lines(writer, lines) + await kill(writer))


async def kill_one_after_the_other(environment: Mapping[str, str]) -> Said:
    writers = [await start(environment, name) for name in ("one", "two")]
    lines = await read_lines(writers[0], 30) + await kill(writers[0])
    lines += await read_lines(writers[1], 30) + await kill(writers[1])
    return sort_lines(lines)
