"""A process that writes to a store for ever and says what was acknowledged, one line each. Made to be killed.

`python -m tests.fakes.store_writer NAME`, with the settings that name the store
"""

from __future__ import annotations

import asyncio
import sys

from ulid import ULID

from backends.store.factory import open_store
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


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1]))
