from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.commands.invocation import Requester
from bots.job_run import FAILED_INSIDE
from config.errors import Overloaded
from config.workspace import WorkspaceRef
from tests.fakes.failing_store import FailingStore
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.worlds import ADMIN, ANN, BOB, World, open_world, stored


async def fill(world: World) -> None:
    """Keep the only place busy."""
    await world.ask_and_run(who=ADMIN)


class TestSubmit:
    async def test_writes_before_it_shows(self) -> None:
        async with open_world() as world:
            reply = RecordingReply()
            gate = reply.hold("open")
            asking = asyncio.create_task(world.ask(reply=reply))
            await reply.until_begun("open")
            (record,) = await world.store.open_requests()
            assert record.reply_ref is None
            gate.set()
            asked = await asking
            assert asked.accepted.created
            assert asked.id == record.id

    async def test_keeps_where_it_is_shown(self) -> None:
        async with open_world() as world:
            asked = await world.completed(reply=RecordingReply("m-42"))
            assert (await world.record(asked.id)).reply_ref == "m-42"

    async def test_goes_on_when_who_asked_is_gone(self) -> None:
        async with open_world() as world:
            reply = RecordingReply("m-9")
            gate = reply.hold("open")
            asking = asyncio.create_task(world.ask(reply=reply))
            await reply.until_begun("open")
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            (await world.backend.next_run()).complete(" x")
            gate.set()
            await reply.until(lambda reply: "finish" in reply.kinds)
            (record,) = await world.store.recent(world.call().workspace, "general", 10)
            await world.core.jobs.wait(record.id)
            assert (await world.record(record.id)).reply_ref == "m-9"

    async def test_a_platform_that_refuses_to_open_does_not_stop_the_work(self) -> None:
        async with open_world() as world:
            asked = await world.completed(reply=RecordingReply(errors={"open": RuntimeError("no")}))
            assert asked.reply.final.status == "done"
            assert (await world.record(asked.id)).reply_ref is None


class TestIdempotency:
    async def test_the_same_event_is_one_request(self) -> None:
        async with open_world() as world:
            first, run = await world.ask_and_run(event="e")
            second = await world.ask(event="e")
            assert (first.accepted.created, second.accepted.created) == (True, False)
            assert second.id == first.id
            assert second.reply.calls == []
            run.complete(" x")
            await world.core.jobs.wait(first.id)
            third = await world.ask(event="e")
            assert third.accepted.record.status == "done"
            assert len(world.backend.runs) == 1

    async def test_at_the_same_time_too(self) -> None:
        async with open_world() as world:
            asked = await asyncio.gather(*(world.ask(event="e") for _ in range(10)))
            assert sum(each.accepted.created for each in asked) == 1
            assert len({each.id for each in asked}) == 1
            assert sum(len(each.reply.calls) for each in asked) == 1
            assert len(await world.store.open_requests()) == 1

    async def test_a_second_delivery_meets_neither_caps_nor_cooldown_nor_the_full_queue(self) -> None:
        async with open_world(max_in_flight=1, max_running=1, max_queued=1) as world:
            await world.core.rules.set(world.call(ADMIN), "cooldown_s", "60")
            first, _ = await world.ask_and_run(event="e")
            await world.ask(who=BOB)
            with pytest.raises(Overloaded):
                await world.ask(who=ADMIN)
            again = await world.ask(event="e")
            assert (again.id, again.accepted.created) == (first.id, False)

    async def test_events_of_different_workspaces_are_different(self) -> None:
        async with open_world() as world:
            first = await world.ask(event="e")
            second = await world.ask(event="e", workspace=WorkspaceRef("discord", "guild-2"))
            assert first.id != second.id


class TestQueue:
    async def test_who_asks_once_does_not_wait_behind_who_asks_often(self) -> None:
        async with open_world(max_running=1) as world:
            await fill(world)
            for number in range(3):
                await world.ask(f"ann {number}")
            await world.ask("bob 0", who=BOB)
            order = []
            for _ in range(4):
                world.backend.runs[-1].complete("x")
                order.append((await world.backend.next_run()).request.prompt)
            assert order == ["ann 0", "bob 0", "ann 1", "ann 2"]

    async def test_runs_as_many_as_allowed(self) -> None:
        async with open_world(max_running=3) as world:
            for _ in range(5):
                await world.ask()
            assert (world.core.jobs.running, world.core.jobs.waiting) == (3, 2)

    async def test_refuses_when_it_is_full_and_says_when_to_come_back(self) -> None:
        async with open_world(max_running=1, max_queued=2) as world:
            for _ in range(3):
                await world.ask()
            with pytest.raises(Overloaded) as caught:
                await world.ask()
            assert caught.value.sentence == "The queue is full (2 waiting). Try again in about 15 s."
            assert caught.value.retry_after_s == 15.0
            assert len(await world.store.open_requests()) == 3

    async def test_stays_bounded_when_many_come_at_once(self) -> None:
        async with open_world(max_running=2, max_queued=3) as world:
            results = await asyncio.gather(
                *(world.ask(who=Requester(f"u{i}", f"u{i}")) for i in range(20)), return_exceptions=True
            )
            refused = [each for each in results if isinstance(each, Overloaded)]
            assert len(results) - len(refused) == 5
            assert len(await world.store.open_requests()) == 5

    async def test_tells_positions_and_changes_them(self) -> None:
        async with open_world(max_running=1) as world:
            await fill(world)
            first, second = await world.ask(), await world.ask(who=BOB)
            assert first.reply.last.notice == "Queued, about 5 s."
            assert second.reply.last.notice == "Queued, 1 ahead of you, about 10 s."
            await world.core.jobs.stop(first.id, "ann")
            await second.reply.until(lambda reply: reply.last.notice == "Queued, about 5 s.")
            world.backend.runs[0].complete("x")
            run = await world.backend.next_run()
            run.say(" text")
            await second.reply.until_text(" text")

    async def test_what_can_start_at_once_is_not_queued(self) -> None:
        async with open_world() as world:
            asked = await world.ask()
            assert asked.reply.views[0].notice == "Writing …"


class TestHangingPlatforms:
    async def test_no_request_waits_for_another_requests_platform(self) -> None:
        async with open_world(max_running=1, patience_s=60) as world:
            stuck = RecordingReply()
            for call in ("open", "update", "finish"):
                stuck.hold(call)  # type: ignore[arg-type]
            asking = asyncio.create_task(world.ask(reply=stuck))
            run = await world.backend.next_run()
            run.complete(" x")
            asked = await world.completed(who=BOB)
            assert asked.reply.final.status == "done"
            assert not asking.done()
            for gate in stuck.gates.values():
                gate.set()
            await asking

    async def test_a_call_that_hangs_is_given_up(self) -> None:
        async with open_world(patience_s=0.1) as world:
            reply = RecordingReply()
            for call in ("open", "update", "finish"):
                reply.hold(call)  # type: ignore[arg-type]
            asked, run = await world.ask_and_run(reply=reply)
            run.complete(" x")
            async with asyncio.timeout(5):
                await world.core.jobs.wait(asked.id)
            assert (await world.record(asked.id)).status == "done"
            assert [each.id for each in await world.store.undelivered(world.clock.time)] == [asked.id]

    async def test_an_end_that_was_refused_is_shown_when_the_trouble_is_over(self) -> None:
        async with open_world(patience_s=0.1) as world:
            reply = RecordingReply(errors={"finish": RuntimeError("a bad day")})
            asked = await world.completed(reply=reply)
            again = world.front.replies.setdefault(asked.id, RecordingReply())
            await again.until(lambda reply: bool(reply.calls))
            assert again.final.status == "done"
            await world.core.jobs.wait(asked.id)
            assert await world.store.undelivered(world.clock.time) == ()

    async def test_a_platform_that_refuses_everything_ends_no_job(self) -> None:
        async with open_world() as world:
            refusing = RecordingReply(
                errors={"open": RuntimeError("a"), "update": RuntimeError("b"), "finish": RuntimeError("c")}
            )
            asked = await world.completed(reply=refusing)
            assert (await world.record(asked.id)).status == "done"
            assert (await world.completed()).reply.final.status == "done"


@pytest.fixture
async def disk() -> AsyncIterator[FailingStore]:
    async with stored() as store:
        yield FailingStore(store)


class TestFailingStore:
    async def test_a_request_that_could_not_be_written_is_not_accepted(self, disk: FailingStore) -> None:
        disk.failing = {"accept"}
        async with open_world(disk) as world:
            reply = RecordingReply()
            with pytest.raises(OSError, match="disk"):
                await world.ask(reply=reply)
            assert reply.calls == []
            disk.failing.clear()
            await world.completed()

    async def test_a_failure_before_the_work_ends_the_request(self, disk: FailingStore) -> None:
        async with open_world(disk, max_running=1) as world:
            _, run = await world.ask_and_run(who=ADMIN)
            asked = await world.ask()
            disk.failing.add("workspace")
            run.complete("x")
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.error == FAILED_INSIDE

    async def test_a_failure_when_the_writing_begins_ends_the_request(self, disk: FailingStore) -> None:
        async with open_world(disk) as world:
            asked, run = await world.ask_and_run()
            disk.failing.add("mark_running")
            run.say(" x")
            await world.core.jobs.wait(asked.id)
            assert asked.reply.final.error == FAILED_INSIDE
            assert run.cancelled

    @pytest.mark.parametrize("call", ["checkpoint", "set_reply", "mark_delivered"])
    async def test_what_can_be_done_without_does_not_end_it(self, disk: FailingStore, call: str) -> None:
        disk.failing = {call}
        async with open_world(disk) as world:
            assert (await world.completed()).reply.final.status == "done"

    async def test_an_end_that_cannot_be_saved_stays_open_and_blocks_nobody(self, disk: FailingStore) -> None:
        async with open_world(disk, max_running=1) as world:
            asked, run = await world.ask_and_run()
            disk.failing.add("finish")
            run.complete(" x")
            await world.core.jobs.wait(asked.id)
            assert not asked.reply.kinds.count("finish")
            disk.failing.clear()
            assert (await world.record(asked.id)).is_open
            await world.completed(who=BOB)


async def test_ending_an_event_loop_leaves_no_tasks() -> None:
    async with open_world(max_running=2, patience_s=0.1) as world:
        for reply in (RecordingReply(), RecordingReply(), RecordingReply()):
            reply.hold("update")
            asked = await world.ask(reply=reply)
        assert asked.reply.calls
        run = await world.backend.next_run()
        run.say(" x")
        await world.ask(who=ANN)
    assert len(asyncio.all_tasks()) == 1
