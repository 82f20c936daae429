"""A page that leaves at the wrong moment loses nothing."""

from __future__ import annotations

import asyncio

from backends.store.records import Accepted, RequestRecord
from tests.fakes.memory_store import MemoryStore
from tests.fakes.page import PageClient, serve_page


class SlowStore(MemoryStore):
    """Accepts when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.accepting = asyncio.Event()
        self.gate = asyncio.Event()

    async def accept(self, record: RequestRecord) -> Accepted:
        accepted = await super().accept(record)
        self.accepting.set()
        await self.gate.wait()
        return accepted


async def leave_while_accepting(page: PageClient, store: SlowStore, path: str, body: dict[str, str]) -> str:
    """Hang up between the write and the queue; returns the request's id."""
    asking = asyncio.create_task(page.post(path, body))
    async with asyncio.timeout(20):
        await store.accepting.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await page.get("/healthz")  # The server has seen the other connection end by now, or will while we wait.
        store.gate.set()
        [record] = await store.open_requests()
    return record.id


async def test_a_message_is_written_even_when_the_page_has_left() -> None:
    store = SlowStore()
    async with serve_page(store=store) as page, page.events() as events:
        body = {"text": "Once", "event_id": "a"}
        request_id = await leave_while_accepting(page, store, "/api/channels/general/messages", body)
        await events.until("result", request_id=request_id, status="done")


async def test_a_program_that_leaves_stops_what_it_asked_for() -> None:
    store = SlowStore()
    async with serve_page(store=store) as page:
        page.backend.hold(after=1)
        request_id = await leave_while_accepting(page, store, "/generate", {"prompt": "Once"})
        async with asyncio.timeout(20):
            while (record := await store.request(request_id)) is None or record.is_open:
                await page.get("/healthz")
        assert record.status == "stopped"
