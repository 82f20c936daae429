"""A process that writes to a store for ever and says what was acknowledged, one line each. Made to be killed.

`python -m tests.fakes.store_writer NAME`, with the settings that name the store; with `pairs` after it: two pairs, and
its end within the second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any, NoReturn

from ulid import ULID

from backends.store.factory import open_store
from config.sampling import SamplingOptions
from config.settings import load_settings
from tests.fakes.records import make_finished_sample, make_outcome, make_request, make_sample


async def write(name: str) -> None:
    store = await open_store(load_settings())
    number = 0
    while True:
        number += 1
        # Its own id: several of these write to one file.
        record = make_request(id=str(ULID()), idempotency_key=f"{name}-{number}", prompt=f"prompt {number} " * 200)
        await store.accept(record)
        print("accepted", record.id, flush=True)  # noqa: T201
        await store.checkpoint([make_sample(record, text=f"text {number} " * 50)])
        print("saved", record.id, flush=True)  # noqa: T201
        if number % 3 == 0:
            await store.finish(record.id, make_outcome(), [make_finished_sample(record)])
            print("finished", record.id, flush=True)  # noqa: T201


class FatalOptions(SamplingOptions):
    """Nobody writes these down and lives."""

    def model_dump_json(self, **given: Any) -> NoReturn:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


async def write_pairs() -> None:
    store = await open_store(load_settings())
    await store.accept_both(make_request(), make_request())
    print("accepted both", flush=True)  # noqa: T201
    await store.accept_both(make_request(), make_request(options=FatalOptions(seed=7)))


if __name__ == "__main__":
    asyncio.run(write_pairs() if sys.argv[2:] == ["pairs"] else write(sys.argv[1]))
