"""Several processes do the same at the same time: each thing happens once."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.fakes.dynamo_tables import items_at, new_table, settings_at, store_at
from tests.fakes.records import HERE, NOW

pytestmark = pytest.mark.slow

ROUNDS, RACERS = 25, 3


async def start(environment: Mapping[str, str]) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.store_racer",
        str(ROUNDS),
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def race(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """What each was first in, all together."""
    racers = [await start(environment) for _ in range(RACERS)]
    outputs = await asyncio.gather(*(racer.communicate(b"go\n") for racer in racers))
    assert [racer.returncode for racer in racers] == [0] * RACERS
    told = [json.loads(output) for output, _ in outputs]
    return {what: [each for one in told for each in one[what]] for what in told[0]}


async def test_each_thing_happens_once(url: str) -> None:
    table = new_table(url)
    async with store_at(url, table) as store:
        for number in range(ROUNDS):
            # Long after the real day, for the table itself drops what has expired, whenever it finds the time.
            await store.save_install_state(f"word {number}", NOW + timedelta(days=36_500))
        first = await race(settings_at(url, table))

        kept = await store.requests_of(HERE, "u1")
        assert sorted(first["created"]) == [record.id for record in kept]
        assert {record.idempotency_key for record in kept} == {f"event {number}" for number in range(ROUNDS)}
        assert sorted(first["met"]) == sorted([record.id for record in kept] * RACERS)
        texts = [(await store.samples(record.id))[0].text for record in kept]
        assert sorted(texts) == sorted(first["finished"])
        assert (await store.usage(HERE, NOW)).requests == ROUNDS
        assert (await store.workspace(HERE)).version == ROUNDS
        assert {entry.action for entry in await store.audit(HERE, 100)} == set(first["saved"])
        assert len(first["saved"]) == ROUNDS
        assert sorted(first["taken"]) == sorted(f"word {number}" for number in range(ROUNDS))

        assert await store.erase_workspace(HERE) == ROUNDS
        assert {item["pk"] for item in items_at(url, table)} == {"bots", "inkling"}
