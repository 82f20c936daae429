"""Fan-out: every page gets the newest view, slow ones skip, nothing grows without bound."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from ulid import ULID

from backends.factory import Backends
from backends.store.records import RequestRecord, SampleRecord
from bots.presenter import present
from bots.views import ResultView
from bots.web.events import EventStream
from bots.web.health import HealthWatch
from bots.web.identity import WORKSPACE
from bots.web.live import MAX_PENDING, Broadcast, Changed, PageFront, Removed, ResultShown
from config.sampling import SamplingOptions
from tests.fakes.openai_server import serve
from tests.fakes.page import serve_page
from tests.fakes.scripted_backend import ScriptedBackend

OPTIONS = SamplingOptions(seed=1)


def record(**changes: object) -> RequestRecord:
    request_id = str(ULID())
    made = RequestRecord(
        id=request_id,
        idempotency_key=request_id,
        workspace=WORKSPACE,
        channel="general",
        requester_id="local",
        requester_name="you",
        kind="complete",
        prompt="Once",
        options=OPTIONS,
        baseline=OPTIONS,
        backend="local",
        model=None,
        created_at=datetime.now(UTC),
        group_id=request_id,
        story_id=request_id,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def view(its: RequestRecord, text: str = "") -> ResultView:
    return present(its, [SampleRecord(its.id, 0, 1, text)])


async def test_a_slow_page_gets_only_the_newest_view() -> None:
    broadcast, its = Broadcast(), record()
    with broadcast.listen() as page:
        for words in range(1000):
            broadcast.show(view(its, " word" * words))
        [event] = await page.next()
    assert isinstance(event, ResultShown)
    assert event.view.samples[0].text == " word" * 999


async def test_the_prompt_travels_at_the_beginning_and_the_end() -> None:
    broadcast, its = Broadcast(), record()
    with broadcast.listen() as page:
        sent = []
        for shown in (view(its), view(its, " a"), view(replace(its, status="done"), " a b")):
            broadcast.show(shown)
            [event] = await page.next()
            assert isinstance(event, ResultShown)
            sent.append(event.prompt)
    assert sent == [True, False, True]


async def test_a_page_that_missed_too_much_begins_again() -> None:
    broadcast = Broadcast()
    with broadcast.listen() as page:
        for _ in range(MAX_PENDING + 1):
            broadcast.remove(str(ULID()), "general")
        assert await page.next() == (Changed("history"),)


async def test_a_new_page_is_told_what_is_open() -> None:
    broadcast, open_one, ended = Broadcast(), record(), record()
    broadcast.show(view(open_one, " a"))
    broadcast.show(view(ended))
    broadcast.show(view(replace(ended, status="done"), " b"))
    with broadcast.listen() as page:
        [event] = await page.next()
    assert isinstance(event, ResultShown)
    assert event.view.request_id == open_one.id


async def test_a_removed_result_replaces_what_was_pending_of_it() -> None:
    broadcast, its = Broadcast(), record()
    with broadcast.listen() as page:
        broadcast.show(view(its, " a"))
        broadcast.remove(its.id, its.channel)
        assert await page.next() == (Removed(its.id, "general"),)


async def test_results_of_programs_are_not_shown() -> None:
    broadcast = Broadcast()
    with broadcast.listen() as page:
        broadcast.show(view(record(private=True, requester_id="api")))
        broadcast.tell(Changed("session"))
        assert await page.next() == (Changed("session"),)


async def test_listeners_leave_nothing_behind() -> None:
    broadcast = Broadcast()
    with broadcast.listen() as page:
        assert broadcast.pages == 1
        broadcast.close()
        assert await page.next() == ()
    assert broadcast.pages == 0


async def test_reopened_requests_are_shown_where_pages_are() -> None:
    broadcast, its = Broadcast(), record()
    with broadcast.listen() as page:
        await PageFront(broadcast).reopen(its).finish(view(replace(its, status="done"), " a"))
        [event] = await page.next()
    assert isinstance(event, ResultShown)
    assert broadcast.ended == {"done": 1}


async def test_two_pages_see_one_text_grow() -> None:
    backend = ScriptedBackend()
    backend.hold(after=2)
    async with serve_page(backend) as page, page.events() as one, page.events() as other:
        await page.send("Once")
        for events in (one, other):
            shown = await events.until("result", status="writing")
            assert shown["samples"][0]["text"] in (" a", " a lighthouse")
        backend.let_go()
        for events in (one, other):
            assert (await events.until("result", status="done"))["prompt"] == "Once"


async def test_a_page_that_never_reads_holds_up_nobody() -> None:
    async with serve_page() as page, page.events(), page.events() as reader:
        async with asyncio.timeout(20):
            for number in range(5):
                await page.write(f"Once {number}")
        await reader.until("result", status="done", prompt="Once 4")


async def test_a_quiet_stream_has_a_heartbeat() -> None:
    broadcast = Broadcast()
    watch = HealthWatch(Backends({"local": ScriptedBackend()}, "local"), lambda: None)
    app = web.Application()
    app.router.add_get("/v1", EventStream(broadcast, watch, heartbeat_s=0.01).answer)
    async with serve(app) as url, aiohttp.ClientSession() as http, http.get(url) as response:
        async with asyncio.timeout(20):
            while await response.content.readline() != b": still here\n":
                pass


async def test_streams_end_when_the_server_does() -> None:
    async with serve_page() as page, page.events() as events:
        await page.server.aclose()
        with pytest.raises(EOFError):
            await events.until("never")
