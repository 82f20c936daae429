from __future__ import annotations

import asyncio

import pytest

from backends.store.records import PostRecord
from config.errors import InvalidOptions, NotAllowed, NotFound
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.records import ELSEWHERE
from tests.fakes.worlds import ADMIN, BOB, Asked, World, open_world


async def story_of(world: World, length: int) -> list[Asked]:
    """A result and those that go on from it, each from the one before."""
    steps = [await world.completed(" 0")]
    for step in range(1, length):
        reply = RecordingReply()
        accepted = await world.core.story.continue_from(world.call(), reply, steps[-1].id)
        (await world.backend.next_run()).complete(f" {step}")
        await world.core.jobs.wait(accepted.record.id)
        steps.append(Asked(accepted, reply))
    return steps


async def test_show_while_it_is_written_and_after() -> None:
    async with open_world() as world:
        asked, run = await world.ask_and_run()
        run.say(" so far")
        await asked.reply.until_text("so far")
        view = await world.core.results.show(world.call(BOB), asked.id)
        assert (view.status, view.actions) == ("writing", ("stop",))
        run.complete("!")
        await world.core.jobs.wait(asked.id)
        assert await world.core.results.show(world.call(BOB), asked.id) == asked.reply.final


class TestStop:
    async def test_by_its_owner_or_an_admin(self) -> None:
        async with open_world() as world:
            for who in (None, ADMIN):
                asked, _ = await world.ask_and_run()
                with pytest.raises(NotAllowed, match="Only @ann or an admin can stop this"):
                    await world.core.results.stop(world.call(BOB), asked.id)
                await world.core.results.stop(world.call(who) if who else world.call(), asked.id)
                assert asked.reply.final.status == "stopped"

    async def test_of_an_ended_one_is_harmless(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            await world.core.results.stop(world.call(), done.id)
            assert (await world.record(done.id)).status == "done"


class TestDelete:
    async def test_erases_and_names_its_messages(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            post = PostRecord(done.id, "general/9", 0)
            await world.store.save_post(post)
            assert await world.core.results.delete(world.call(), done.id) == (post,)
            assert await world.store.samples(done.id) == ()
            with pytest.raises(NotFound):
                await world.core.results.show(world.call(), done.id)

    async def test_while_it_runs_stops_it_first(self) -> None:
        async with open_world() as world:
            asked, run = await world.ask_and_run()
            run.say(" half")
            await asked.reply.until_text("half")
            await world.core.results.delete(world.call(), asked.id)
            assert run.cancelled
            assert asked.reply.final.status == "stopped"
            assert await world.store.request(asked.id) is None
            assert await world.store.samples(asked.id) == ()

    async def test_while_it_waits(self) -> None:
        async with open_world(max_running=1) as world:
            await world.ask_and_run()
            asked = await world.ask()
            await world.core.results.delete(world.call(), asked.id)
            assert world.core.jobs.waiting == 0
            assert await world.store.request(asked.id) is None

    async def test_twice_at_once(self) -> None:
        async with open_world() as world:
            asked, _ = await world.ask_and_run()
            delete = world.core.results.delete
            await asyncio.gather(delete(world.call(), asked.id), delete(world.call(ADMIN), asked.id))
            assert await world.store.request(asked.id) is None

    async def test_not_by_others(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            with pytest.raises(NotAllowed, match="Only @ann or an admin can delete this"):
                await world.core.results.delete(world.call(BOB), done.id)
            await world.core.results.delete(world.call(ADMIN), done.id)

    async def test_of_a_storys_middle_leaves_its_end(self) -> None:
        async with open_world() as world:
            first, middle, last = await story_of(world, 3)
            await world.core.results.delete(world.call(), middle.id)
            assert await world.core.results.undo(world.call(), last.id) is None
            assert (await world.core.results.show(world.call(), first.id)).status == "done"


class TestAt:
    async def test_finds_what_a_message_shows(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            post = PostRecord(done.id, "general/9", 1)
            await world.store.save_post(post)
            assert await world.core.results.at(world.call(BOB), "general/9") == post
            for call, address in ((world.call(), "general/8"), (world.call(workspace=ELSEWHERE), "general/9")):
                with pytest.raises(NotFound, match="none of my results"):
                    await world.core.results.at(call, address)

    async def test_not_somebody_elses_private_one(self) -> None:
        async with open_world() as world:
            done = await world.completed(private=True)
            await world.store.save_post(PostRecord(done.id, "general/9"))
            with pytest.raises(NotFound, match="I no longer have that result"):
                await world.core.results.at(world.call(BOB), "general/9")


class TestRedo:
    async def test_puts_back_what_was_undone(self) -> None:
        async with open_world() as world:
            first, second = await story_of(world, 2)
            await world.core.results.undo(world.call(), second.id)
            back = await world.core.results.redo(world.call(), second.id)
            assert (back.request_id, back.status) == (second.id, "done")
            ids = [view.request_id for view in await world.core.results.history(world.call())]
            assert ids == [first.id, second.id]
            assert (await world.core.results.redo(world.call(), second.id)).request_id == second.id

    async def test_not_by_others(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            await world.core.results.undo(world.call(), done.id)
            with pytest.raises(NotAllowed, match="Only @ann or an admin can put back this"):
                await world.core.results.redo(world.call(BOB), done.id)


class TestUndo:
    async def test_goes_back_one_step(self) -> None:
        async with open_world() as world:
            first, second, third = await story_of(world, 3)
            back = await world.core.results.undo(world.call(), third.id)
            assert back is not None
            assert back.request_id == second.id
            back = await world.core.results.undo(world.call(), second.id)
            assert back is not None
            assert back.request_id == first.id
            assert await world.core.results.undo(world.call(), first.id) is None
            assert await world.core.results.history(world.call()) == ()

    async def test_goes_from_a_version_back_to_what_it_was_made_from(self) -> None:
        async with open_world() as world:
            first, second = await story_of(world, 2)
            for _ in range(2):
                reply = RecordingReply()
                again = (await world.core.story.regenerate(world.call(), reply, second.id)).record
                (await world.backend.next_run()).complete(" otherwise")
                await world.core.jobs.wait(again.id)
                back = await world.core.results.undo(world.call(), again.id)
                assert back is not None
                assert back.request_id == second.id
            await world.core.results.delete(world.call(), second.id)
            back = await world.core.results.undo(world.call(), again.id)
            assert back is not None
            assert back.request_id == first.id

    async def test_skips_what_was_undone_before(self) -> None:
        async with open_world() as world:
            first, second, third = await story_of(world, 3)
            await world.core.results.undo(world.call(), second.id)
            back = await world.core.results.undo(world.call(), third.id)
            assert back is not None
            assert back.request_id == first.id

    async def test_of_an_open_one_is_refused(self) -> None:
        async with open_world() as world:
            asked, _ = await world.ask_and_run()
            with pytest.raises(InvalidOptions, match="still being written; stop it first"):
                await world.core.results.undo(world.call(), asked.id)

    async def test_not_by_others(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            with pytest.raises(NotAllowed):
                await world.core.results.undo(world.call(BOB), done.id)

    async def test_never_goes_back_to_somebody_elses_private_result(self) -> None:
        async with open_world() as world:
            secret = await world.completed(private=True)
            accepted = await world.core.story.continue_from(world.call(), RecordingReply(), secret.id)
            (await world.backend.next_run()).complete(" x")
            await world.core.jobs.wait(accepted.record.id)
            with pytest.raises(NotFound):
                await world.core.results.undo(world.call(ADMIN), accepted.record.id)
            back = await world.core.results.undo(world.call(), accepted.record.id)
            assert back is not None
            assert back.request_id == secret.id


async def test_alternatives_are_in_order_without_the_undone() -> None:
    async with open_world() as world:
        done = await world.completed(" 0")
        ids = [done.id]
        for _ in range(3):
            accepted = await world.core.story.regenerate(world.call(), RecordingReply(), ids[-1])
            (await world.backend.next_run()).complete(" x")
            await world.core.jobs.wait(accepted.record.id)
            ids.append(accepted.record.id)
        await world.core.results.undo(world.call(), ids[1])
        views = await world.core.results.alternatives(world.call(), ids[2])
        assert [view.request_id for view in views] == [ids[0], ids[2], ids[3]]


async def test_history_pages_backwards_within_one_channel() -> None:
    async with open_world() as world:
        ids = [(await world.completed(f" {n}")).id for n in range(5)]
        await world.completed(" elsewhere", channel="other")
        latest = await world.core.results.history(world.call(), limit=2)
        assert [view.request_id for view in latest] == ids[3:]
        before = await world.core.results.history(world.call(), limit=2, before=latest[0].request_id)
        assert [view.request_id for view in before] == ids[1:3]
