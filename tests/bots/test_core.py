"""What one process leaves, the next takes up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backends.store.protocol import Store
from bots.reply import PlaceGone
from config.errors import Overloaded
from tests.fakes.failing_store import FailingStore
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.recording_reply import RecordingFront, RecordingReply
from tests.fakes.worlds import ADMIN, BOB, Asked, Clock, World, open_world, opened_core, settings_with, stored

WRITES = {"accept", "mark_running", "set_reply", "checkpoint", "finish", "mark_delivered"}


@asynccontextmanager
async def crashing_world(store: Store, **limits: float) -> AsyncIterator[World]:
    """A process that is killed at the end: nothing it does afterwards reaches the store."""
    failing = FailingStore(store)
    async with open_world(failing, **limits) as world:  # type: ignore[arg-type]
        yield world
        failing.failing |= WRITES


async def leave_some_open(world: World) -> list[Asked]:
    """Two that run, one of them with text, and two that wait."""
    asked = [await world.ask(f"prompt {number}", samples=number + 1, seed=number) for number in range(4)]
    run = await world.backend.next_run()
    run.say(" half")
    await asked[0].reply.until_text(" half")
    await world.backend.next_run()
    for each in asked:
        await each.reply.until(lambda reply: bool(reply.calls))
    return asked


@pytest.mark.parametrize("process", [open_world, crashing_world])
async def test_every_open_request_is_run_once_more_and_ends_once(process: object) -> None:
    async with stored() as store:
        async with process(store, max_running=2) as world:  # type: ignore[operator]
            asked = await leave_some_open(world)
        assert all("finish" not in each.reply.kinds for each in asked)
        assert len(await store.open_requests()) == 4
        before = {run.request.request_id: run.request for run in world.backend.runs}
        async with open_world(store, text=" a whole text", max_running=2) as again:
            for each in asked:
                await again.core.jobs.wait(each.id)
            assert sorted(request.prompt for request in again.backend.requests) == [f"prompt {n}" for n in range(4)]
            for request in again.backend.requests:
                assert before.get(request.request_id, request) == request
            for each in asked:
                final = again.front.replies[each.id].final
                assert {sample.text for sample in final.samples} == {" a whole text"}
                assert (await again.record(each.id)).status == "done"
        async with open_world(store, text=" x") as third:
            assert third.backend.runs == []
            assert third.front.reopened == []


async def test_text_so_far_is_shown_until_it_is_overtaken() -> None:
    async with stored() as store:
        async with open_world(store) as world:
            asked, run = await world.ask_and_run()
            run.say(" one two three")
            await asked.reply.until_text("three")
        assert (await world.sample(asked.id)).text == " one two three"
        async with open_world(store) as again:
            run = await again.backend.next_run()
            reply = again.front.replies[asked.id]
            run.say(" one")
            run.say(" two three four")
            await reply.until_text("four")
            texts = {view.samples[0].text for view in reply.views if view.samples}
            assert texts <= {" one two three", " one two three four"}
            run.put(RuntimeError("again"))
            await again.core.jobs.wait(asked.id)
            assert reply.final.samples[0].text == " one two three four"


@pytest.mark.parametrize("max_running", [1, 8])
async def test_text_so_far_outlives_a_stop_right_after_the_restart(max_running: int) -> None:
    async with stored() as store:
        async with open_world(store) as world:
            asked, run = await world.ask_and_run()
            other = await world.ask(who=BOB)
            run.say(" kept")
            await asked.reply.until_text("kept")
        async with open_world(store, max_running=max_running) as again:
            await again.core.jobs.stop(asked.id, "ann")
            await again.core.jobs.stop(other.id, "bob")
            assert again.front.replies[asked.id].final.samples[0].text == " kept"
            assert (await again.sample(asked.id)).text == " kept"


async def test_a_finished_text_may_be_shorter_than_the_one_before() -> None:
    async with stored() as store:
        async with open_world(store) as world:
            asked, run = await world.ask_and_run()
            run.say(" something long")
            await asked.reply.until_text("long")
        async with open_world(store, text=" short") as again:
            await again.core.jobs.wait(asked.id)
            assert again.front.replies[asked.id].final.samples[0].text == " short"


async def test_a_request_whose_backend_is_gone_ends_with_a_sentence() -> None:
    async with stored() as store:
        async with open_world(store) as world:
            await world.core.rules.set(world.call(ADMIN), "backend", "other")
            asked = await world.ask()
            await world.others[0].next_run()
        front = RecordingFront()
        async with opened_core(store, [GatedBackend()], Clock(), front, settings_with()) as core:
            await core.jobs.wait(asked.id)
        assert front.replies[asked.id].final.error == 'There is no backend "other"; the backends are gated.'
        assert await store.open_requests() == ()


class TestDelivery:
    async def test_an_end_that_was_saved_but_not_shown_is_shown_once(self) -> None:
        async with stored() as store:
            asked = await self._end_without_showing(store)
            async with open_world(store) as again:
                await again.core.jobs.wait(asked.id)
                reply = again.front.replies[asked.id]
                assert reply.reference == "m-3"
                assert reply.kinds == ["finish"]
                assert (reply.final.status, reply.final.samples[0].text) == ("done", " the end")
                assert again.backend.runs == []
            async with open_world(store) as third:
                assert third.front.reopened == []

    async def test_one_that_was_refused_is_tried_after_the_next_start(self) -> None:
        async with stored() as store:
            async with open_world(store) as world:
                asked = await world.completed(reply=RecordingReply(errors={"finish": RuntimeError("down")}))
            async with open_world(store) as again:
                await again.core.jobs.wait(asked.id)
                assert again.front.replies[asked.id].final.status == "done"
            async with open_world(store) as third:
                assert third.front.reopened == []

    async def test_nobody_wants_to_see_yesterdays_end(self) -> None:
        async with stored() as store:
            await self._end_without_showing(store)
            front, clock = RecordingFront(), Clock()
            clock.pass_(days=1, seconds=1)
            async with opened_core(store, [GatedBackend()], clock, front, settings_with()):
                assert front.reopened == []

    async def test_a_stop_counts_as_an_end(self) -> None:
        async with stored() as store:
            async with open_world(store, patience_s=0.5) as world:
                reply = RecordingReply("m-4")
                reply.hold("finish")
                asked, _ = await world.ask_and_run(reply=reply)
                await world.core.jobs.stop(asked.id, "ann")
            async with open_world(store) as again:
                await again.core.jobs.wait(asked.id)
                assert again.front.replies[asked.id].final.status == "stopped"

    async def _end_without_showing(self, store: Store) -> Asked:
        async with open_world(store, patience_s=0.5) as world:
            reply = RecordingReply("m-3")
            reply.hold("finish")
            asked, run = await world.ask_and_run(reply=reply)
            run.complete(" the end")
            await reply.until_begun("finish")
            return asked


class TestFronts:
    async def test_requests_of_a_front_that_is_not_there_wait_for_it(self) -> None:
        async with stored() as store:
            async with open_world(store) as world:
                asked = await world.ask()
            backend = GatedBackend(text="x")
            async with opened_core(store, [backend], Clock(), RecordingFront(), settings_with(), front_name="slack"):
                assert backend.runs == []
            assert [record.id for record in await store.open_requests()] == [asked.id]

    async def test_a_place_that_cannot_be_found_again_does_not_stop_the_others(self) -> None:
        async with stored() as store:
            async with open_world(store) as world:
                asked = [await world.ask(), await world.ask()]
            front = RecordingFront()
            front.error = ValueError("unreadable reference")
            async with opened_core(store, [GatedBackend(text=" x")], Clock(), front, settings_with()) as core:
                for each in asked:
                    await core.jobs.wait(each.id)
            assert await store.open_requests() == ()

    async def test_the_reference_is_kept_when_nothing_was_shown_before(self) -> None:
        async with stored() as store:
            async with crashing_world(store, patience_s=0.5) as world:
                reply = RecordingReply()
                reply.hold("open")
                asking = asyncio.create_task(world.ask(reply=reply))
                await reply.until_begun("open")
            await asyncio.gather(asking, return_exceptions=True)
            (record,) = await store.open_requests()
            assert record.reply_ref is None
            async with open_world(store, text=" x") as again:
                await again.core.jobs.wait(record.id)
                assert again.front.replies[record.id].kinds[0] == "open"
                assert (await again.record(record.id)).reply_ref == "message-again"


class TestClosing:
    async def test_leaks_no_tasks_and_no_streams(self) -> None:
        async with stored() as store:
            async with open_world(store, max_running=2, patience_s=0.5) as world:
                for call in ("open", "update", "finish"):
                    reply = RecordingReply()
                    reply.hold(call)  # type: ignore[arg-type]
                    asking = asyncio.create_task(world.ask(reply=reply))
                    await reply.until_begun("open")
                    if call != "open":
                        await asking
                run = await world.backend.next_run()
                run.say(" x")
                await world.backend.next_run()
            assert all(run.closed.is_set() for run in world.backend.runs)
            assert len(await store.open_requests()) == 3
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_a_final_view_in_flight_is_given_a_moment(self) -> None:
        async with stored() as store:
            async with open_world(store) as world:
                reply = RecordingReply()
                gate = reply.hold("finish")
                asked, run = await world.ask_and_run(reply=reply)
                run.complete(" x")
                await reply.until_begun("finish")
                asyncio.get_running_loop().call_later(0.05, gate.set)
            assert asked.reply.final.status == "done"
            assert await store.undelivered(world.clock.time) == ()

    async def test_nothing_is_accepted_any_more(self) -> None:
        async with open_world() as world:
            await world.core.aclose()
            with pytest.raises(Overloaded, match="restarting"):
                await world.ask()

    async def test_who_waits_for_an_end_is_let_go(self) -> None:
        async with open_world() as world:
            asked, _ = await world.ask_and_run()
            waiting = asyncio.create_task(world.core.jobs.wait(asked.id))
            stopping = asyncio.create_task(world.core.jobs.stop("unknown", "ann"))
            await world.core.aclose()
            async with asyncio.timeout(5):
                await waiting
                assert not await stopping

    async def test_a_stop_that_came_before_still_counts(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.say(" kept")
            await asked.reply.until_text("kept")
            stopping = asyncio.create_task(world.core.jobs.stop(asked.id, "ann"))
            await asyncio.sleep(0)
            await world.core.aclose()
            await stopping
            assert (await world.record(asked.id)).status == "stopped"


async def test_an_empty_start_and_end() -> None:
    async with open_world() as world:
        assert (world.core.jobs.running, world.core.jobs.waiting) == (0, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_where_it_will_be_shown_is_kept_from_the_beginning() -> None:
    async with stored() as store:
        async with open_world(store) as world:
            reply = RecordingReply("message-1")
            reply.hold("open")
            asking = asyncio.create_task(world.ask(reply=reply, place="thread-7"))
            await world.backend.next_run()
            asking.cancel()
        async with open_world(store, text=" x") as again:
            (record,) = again.front.reopened
            assert record.reply_ref == "thread-7"
            await again.core.jobs.wait(record.id)


async def test_what_nobody_can_see_any_more_is_not_written_on() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        asked.reply.errors["update"] = PlaceGone("message deleted")
        run.say(" half")
        await world.core.jobs.wait(asked.id)
        assert run.cancelled
        record = await world.record(asked.id)
        assert (record.status, record.error) == ("stopped", "stopped: its message was deleted")
        assert (await world.sample(asked.id)).text == " half"
        assert "finish" not in asked.reply.begun
        assert await world.store.undelivered(world.clock.time) == ()


async def test_what_nobody_can_see_any_more_does_not_wait_its_turn() -> None:
    async with open_world(max_running=1) as world:
        first, run = await world.ask_and_run()
        reply = RecordingReply(errors={"open": PlaceGone("channel deleted")})
        waiting = await world.ask(who=BOB, reply=reply)
        await world.core.jobs.wait(waiting.id)
        assert (await world.record(waiting.id)).status == "stopped"
        run.complete(" x")
        await world.core.jobs.wait(first.id)
        assert len(world.backend.runs) == 1
