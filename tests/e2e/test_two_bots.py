"""Two bots share one table: what one is told the other knows, and each request is worked on once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from config.sampling import SamplingOverrides
from tests.backends.conftest import ministack
from tests.fakes.dynamo_tables import new_table, store_at
from tests.fakes.ministack import MiniStack
from tests.fakes.page import PageClient, serve_page
from tests.fakes.scripted_backend import ScriptedBackend
from tests.fakes.worlds import ADMIN, ANN, BOB, HERE, World, open_world

__all__ = ["ministack"]

FAR_LATER_S = 3600


@pytest.fixture
def table(ministack: MiniStack) -> str:
    return new_table(ministack.url)


@asynccontextmanager
async def bot(ministack: MiniStack, table: str, name: str, *, later_by_s: float = 0) -> AsyncIterator[World]:
    async with store_at(ministack.url, table, bot=name, later_by_s=later_by_s) as store, open_world(store) as world:
        yield world


@asynccontextmanager
async def page(ministack: MiniStack, table: str, backend: ScriptedBackend) -> AsyncIterator[PageClient]:
    async with store_at(ministack.url, table) as store, serve_page(backend, store) as client:
        yield client


async def test_what_one_page_wrote_the_other_shows_and_goes_on_from(ministack: MiniStack, table: str) -> None:
    backends = ScriptedBackend(), ScriptedBackend(" and then it rained")
    async with page(ministack, table, backends[0]) as one, page(ministack, table, backends[1]) as other:
        first = await one.write("/complete length=4 Once")
        assert [view["request_id"] for view in await other.history()] == [first]
        again = (await other.act(first, "continue"))["request_id"]
        await other.core.jobs.wait(again)
        views = await one.history()
        assert [view["request_id"] for view in views] == [first, again]
        assert views[1]["samples"][0]["text"] == " and then it rained"
        assert [len(backend.requests) for backend in backends] == [1, 1]


async def test_an_event_told_to_both_is_answered_once(ministack: MiniStack, table: str) -> None:
    async with bot(ministack, table, "one") as one, bot(ministack, table, "two") as two:
        asked = await asyncio.gather(*(world.ask("Once", event="the same") for world in (one, two)))
        (first,) = [each for each in asked if each.accepted.created]
        assert {each.id for each in asked} == {first.id}
        world = one if one.core.jobs.running else two
        (await world.backend.next_run()).complete(" upon a time")
        await world.core.jobs.wait(first.id)
        assert len(one.backend.runs) + len(two.backend.runs) == 1
        assert first.reply.final.samples[0].text == " upon a time"


async def test_rules_set_through_one_hold_in_the_other(ministack: MiniStack, table: str) -> None:
    async with bot(ministack, table, "one") as one, bot(ministack, table, "two") as two:
        changes = [
            world.core.rules.set(world.call(ADMIN), name, value)
            for world, name, value in ((one, "length", "7"), (two, "temperature", "0"), (one, "max_in_flight", "1"))
        ]
        await asyncio.gather(*changes)
        settings = await two.core.rules.show(two.call(ADMIN))
        assert settings.defaults == SamplingOverrides(length=7, temperature=0)
        assert len(await one.core.rules.audit(one.call(ADMIN))) == 3
        _, run = await one.ask_and_run("Once")
        with pytest.raises(Exception, match="You have 1 request running; the limit here is 1"):
            await two.ask("Twice")
        run.complete()


async def test_what_a_person_asked_through_both_is_forgotten_through_one(ministack: MiniStack, table: str) -> None:
    async with bot(ministack, table, "one") as one, bot(ministack, table, "two") as two:
        mine = [await world.completed(" a lamp") for world in (one, two)]
        theirs = await one.completed(" a storm", who=BOB)
        assert await two.core.people.forget_me(two.call(ANN)) == 2
        for world in (one, two):
            assert [await world.store.request(each.id) for each in mine] == [None, None]
            assert [record.id for record in await world.store.recent(HERE, "general", 9)] == [theirs.id]


async def test_a_bot_that_starts_leaves_the_others_work_alone(ministack: MiniStack, table: str) -> None:
    async with bot(ministack, table, "one") as one:
        asked, run = await one.ask_and_run("Once")
        run.say(" upon")
        async with bot(ministack, table, "two") as two:
            assert await two.core.sharing.look() == 0
            assert two.core.jobs.running == two.core.jobs.waiting == 0
            run.say(" a time")
            run.finish()
            run.end()
            await one.core.jobs.wait(asked.id)
            assert asked.reply.final.samples[0].text == " upon a time"
            assert await two.core.sharing.look() == 0
            assert two.front.reopened == []


async def test_what_a_bot_leaves_open_another_one_finishes(ministack: MiniStack, table: str) -> None:
    async with bot(ministack, table, "two") as two:
        async with bot(ministack, table, "one") as one:
            asked, run = await one.ask_and_run("Once")
            run.say(" upon")
            await asked.reply.until_text(" upon")
        assert await two.core.sharing.look() == 1
        again = await two.backend.next_run()
        assert again.request.options == run.request.options
        again.complete(" upon a time")
        await two.core.jobs.wait(asked.id)
        assert two.front.replies[asked.id].final.samples[0].text == " upon a time"
        assert (await two.store.usage(HERE, (await two.record(asked.id)).created_at)).requests == 1
    async with bot(ministack, table, "one") as one:
        assert one.core.jobs.running == 0


async def test_two_bots_that_both_work_on_one_request_end_it_once(ministack: MiniStack, table: str) -> None:
    """As when one was only slow, and the other took it for gone."""
    async with bot(ministack, table, "one") as one, bot(ministack, table, "two", later_by_s=FAR_LATER_S) as two:
        asked, run = await one.ask_and_run("Once")
        assert await two.core.sharing.look() == 1
        again = await two.backend.next_run()
        for each in (run, again):
            each.complete(" upon a time")
        await asyncio.gather(*(world.core.jobs.wait(asked.id) for world in (one, two)))
        finals = asked.reply.kinds.count("finish") + two.front.replies[asked.id].kinds.count("finish")
        assert finals == 1
        assert (await one.store.usage(HERE, (await one.record(asked.id)).created_at)).requests == 1
