"""A process that does the same as others beside it, at the same time, and says in the end what it was first in.

`python -m tests.fakes.store_racer ROUNDS`, with the settings that name the store; a line on its input starts it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress

from ulid import ULID

from backends.store.factory import open_store
from backends.store.protocol import SettingsChanged, Store
from config.settings import load_settings
from config.workspace import WorkspaceSettings
from tests.fakes.records import HERE, NOW, make_entry, make_finished_sample, make_outcome, make_request


async def race(rounds: int) -> dict[str, list[str]]:
    store = await open_store(load_settings())
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    first: dict[str, list[str]] = {"met": [], "created": [], "finished": [], "saved": [], "taken": []}
    for number in range(rounds):
        await run_round(store, number, first)
    await store.aclose()
    return first


async def run_round(store: Store, number: int, first: dict[str, list[str]]) -> None:
    own = make_request(id=str(ULID()), idempotency_key=f"event {number}", prompt="word " * 1000)
    accepted = await store.accept(own)
    first["met"].append(accepted.record.id)
    if accepted.created:
        first["created"].append(own.id)
    text = own.id * 500
    if await store.finish(accepted.record.id, make_outcome(), [make_finished_sample(accepted.record, text=text)]):
        first["finished"].append(text)
    with suppress(SettingsChanged):
        entry = make_entry(action=own.id)
        await store.save_workspace(HERE, WorkspaceSettings(cooldown_s=number), number, entry)
        first["saved"].append(own.id)
    if await store.take_install_state(f"word {number}", NOW):
        first["taken"].append(f"word {number}")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(race(int(sys.argv[1])))))  # noqa: T201
