from __future__ import annotations

import asyncio

import pytest

from bots.commands.comparison import Comparison, comparison_of, parse_comparison
from bots.commands.story import Completion
from config.errors import InvalidOptions, NotFound, Overloaded
from config.sampling import SamplingOverrides
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.worlds import ADMIN, World, open_world, stored

COLD, HOT = SamplingOverrides(temperature=0.3), SamplingOverrides(temperature=1.3)


SIDES = Completion("The sea", COLD), Completion("The sea", HOT)


async def compared(
    world: World,
    first: Completion,
    second: Completion,
    event: str | None = None,
    reply: RecordingReply | None = None,
) -> tuple[str, str]:
    one, other = await world.core.story.compare(world.call(event=event), reply or RecordingReply(), first, second)
    return one.record.id, other.record.id


class TestCompare:
    async def test_one_prompt_and_one_seed_in_one_group(self) -> None:
        async with open_world() as world:
            ids = await compared(world, Completion("The sea", COLD), Completion("The sea", HOT, model="m"))
            first, second = [await world.record(each) for each in ids]
            assert first.options.seed == second.options.seed
            assert (first.options.temperature, second.options.temperature) == (0.3, 1.3)
            assert (first.kind, second.kind, second.model) == ("compare", "compare", "m")
            assert (second.group_id, second.story_id, second.origin_id) == (first.id, first.id, first.id)
            assert second.parent is None

    async def test_a_seed_of_either_side_is_both_sides(self) -> None:
        async with open_world() as world:
            seeded = Completion("The sea", SamplingOverrides(seed=9))
            for sides in ((seeded, Completion("The sea", HOT)), (Completion("The sea", HOT), seeded)):
                ids = await compared(world, *sides)
                assert [(await world.record(each)).options.seed for each in ids] == [9, 9]

    async def test_two_seeds_are_refused(self) -> None:
        async with open_world() as world:
            sides = [Completion("The sea", SamplingOverrides(seed=seed)) for seed in (1, 2)]
            with pytest.raises(InvalidOptions, match="one seed; name one only"):
                await compared(world, *sides)

    async def test_nothing_is_written_unless_both_can_be(self) -> None:
        async with open_world() as world:
            with pytest.raises(NotFound, match='no preset "nope"'):
                await compared(world, Completion("The sea"), Completion("The sea", preset="nope"))
            with pytest.raises(InvalidOptions, match="can't be a model's name"):
                await compared(world, Completion("The sea"), Completion("The sea", model="\0"))
            assert await world.store.open_requests() == ()

    async def test_counts_as_one_request(self) -> None:
        async with open_world(max_in_flight=1) as world:
            await world.core.rules.set(world.call(ADMIN), "cooldown_s", "60")
            assert len(set(await compared(world, Completion("The sea", COLD), Completion("The sea", HOT)))) == 2

    async def test_told_twice_it_is_the_same(self) -> None:
        async with open_world(max_running=1, max_queued=1) as world:
            ids = await compared(world, *SIDES, event="once")
            assert await compared(world, *SIDES, event="once") == ids
            await world.store.delete(ids[1])
            left = await world.core.story.compare(world.call(event="once"), RecordingReply(), *SIDES)
            assert [each.record.id for each in left] == [ids[0]]

    async def test_a_queue_with_room_for_one_takes_neither(self) -> None:
        async with open_world(max_running=1, max_queued=1) as world:
            await world.ask()
            with pytest.raises(Overloaded):
                await compared(world, *SIDES)
            assert len(await world.store.open_requests()) == 1


class TestBeside:
    """Where the second is shown."""

    async def test_it_waits_until_the_first_is_shown(self) -> None:
        async with open_world() as world:
            reply = RecordingReply("thread-7")
            gate = reply.hold("open")
            asking = asyncio.create_task(compared(world, *SIDES, reply=reply))
            await reply.until_begun("open")
            assert len(await world.store.open_requests()) == 2
            assert world.front.replies == {}
            gate.set()
            _, second = await asking
            assert world.front.replies[second].reference == "beside thread-7"
            await world.core.jobs.stop(second, "ann")
            assert (await world.record(second)).reply_ref == "beside thread-7"

    async def test_it_goes_where_the_first_was_meant_to_be_when_that_is_refused(self) -> None:
        async with open_world() as world:
            reply = RecordingReply(errors={"open": RuntimeError("no")})
            _, second = await compared(world, *SIDES, reply=reply)
            assert world.front.replies[second].reference == "beside None"

    async def test_after_a_restart_too(self) -> None:
        async with stored() as store:
            async with open_world(store, patience_s=0.05) as world:
                reply = RecordingReply()
                reply.hold("open")
                first, second = await compared(world, *SIDES, reply=reply)
            async with open_world(store) as world:
                await world.core.jobs.opened(second)
                assert [each.id for each in world.front.reopened] == [first]
                assert world.front.replies[second].reference == "beside message-again"

    async def test_where_it_was_shown_before_a_restart(self) -> None:
        async with stored() as store:
            async with open_world(store) as world:
                ids = await compared(world, *SIDES, reply=RecordingReply("thread-7"))
            async with open_world(store) as world:
                await world.core.jobs.opened(ids[1])
                places = [each.reply_ref for each in world.front.reopened]
                assert places == ["thread-7", "beside thread-7"]

    async def test_where_the_first_was_deleted_it_has_a_place_of_its_own(self) -> None:
        async with stored() as store:
            async with open_world(store, patience_s=0.05) as world:
                reply = RecordingReply()
                reply.hold("open")
                first, second = await compared(world, *SIDES, reply=reply)
            await store.delete(first)
            async with open_world(store) as world:
                await world.core.jobs.opened(second)
                assert [each.id for each in world.front.reopened] == [second]


@pytest.mark.parametrize(
    ("typed", "comparison"),
    [
        (
            "temperature=0.3 vs temperature=1.3 The sea vs the land",
            Comparison(Completion("The sea vs the land", COLD), Completion("The sea vs the land", HOT)),
        ),
        ("vs model=gpt2 The sea", Comparison(Completion("The sea"), Completion("The sea", model="gpt2"))),
        (
            "preset=calm | --temperature 1.3 private=true -- The sea",
            Comparison(Completion("The sea", preset="calm"), Completion("The sea", HOT), True),
        ),
        (
            "temperature=0.3 vs temperature=1.3 prompt: vs the sea",
            Comparison(Completion("vs the sea", COLD), Completion("vs the sea", HOT)),
        ),
        (
            "temperature=0.3 vs temperature=1.3 -- | vs",
            Comparison(Completion("| vs", COLD), Completion("| vs", HOT)),
        ),
    ],
)
def test_what_is_typed(typed: str, comparison: Comparison) -> None:
    assert parse_comparison(typed) == comparison


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("The sea", "Put vs between the two sides"),
        ("temperature=1 vs", "Put vs between the two sides"),
        ("The sea vs temperature=1 The land", "A side holds options only"),
        ("model=a vs model=b vs model=c The sea", 'Two sides are compared, and "vs model=c The sea" begins a third'),
        ("model=a | model=b | model=c VS. top_k=1", "begins a third"),
        ("model=a vs model=b vs", "If that is the text, write prompt: before it"),
    ],
)
def test_what_cant_be_read(typed: str, problem: str) -> None:
    with pytest.raises(InvalidOptions, match=problem):
        parse_comparison(typed)


def test_from_a_form() -> None:
    assert comparison_of("The sea", "temperature=0.3", "temperature=1.3") == Comparison(
        Completion("The sea", COLD), Completion("The sea", HOT)
    )
