"""What every store does with votes; part of `contract`."""

from __future__ import annotations

import asyncio

from backends.store.protocol import Store
from tests.backends.store.contract_requests import accepted
from tests.fakes.records import ELSEWHERE, HERE


class VoteContract:
    async def test_a_vote_counts_once_and_can_be_taken_back(self, store: Store) -> None:
        record = await accepted(store)
        for person in ("u1", "u2", "u1"):
            await store.vote(record.id, person, True)
        assert await store.votes(record.id) == {"u1", "u2"}
        await store.vote(record.id, "u1", False)
        await store.vote(record.id, "u3", False)
        assert await store.votes(record.id) == {"u2"}

    async def test_who_votes_for_another_of_a_group_moves_their_vote(self, store: Store) -> None:
        first = await accepted(store)
        second = await accepted(store, group_id=first.id)
        elsewhere = await accepted(store)
        for record in (first, elsewhere, second):
            await store.vote(record.id, "u1", True)
        await store.vote(first.id, "u2", True)
        assert [await store.votes(each.id) for each in (first, second, elsewhere)] == [{"u2"}, {"u1"}, {"u1"}]
        await store.vote(first.id, "u1", False)
        assert await store.votes(second.id) == {"u1"}
        await store.vote(first.id, "u1", True)
        assert [await store.votes(each.id) for each in (first, second)] == [{"u1", "u2"}, set()]

    async def test_whoever_votes_for_both_at_once_has_one_vote(self, store: Store) -> None:
        first = await accepted(store)
        sides = (first, await accepted(store, group_id=first.id))
        await asyncio.gather(*(store.vote(side.id, "u1", True) for side in sides * 4))
        assert sum([len(await store.votes(side.id)) for side in sides]) == 1

    async def test_of_a_group_only_the_votes_for_what_is_erased_go(self, store: Store) -> None:
        for erased, left in ((0, 1), (1, 0)):
            first = await accepted(store)
            sides = (first, await accepted(store, group_id=first.id))
            await store.vote(sides[erased].id, "u1", True)
            await store.vote(sides[left].id, "u2", True)
            await store.delete(sides[erased].id)
            assert [await store.votes(sides[each].id) for each in (erased, left)] == [set(), {"u2"}]
            await store.erase_user(HERE, "u2")
            assert await store.votes(sides[left].id) == frozenset()

    async def test_votes_go_with_their_request(self, store: Store) -> None:
        record = await accepted(store)
        await store.vote(record.id, "u2", True)
        await store.delete(record.id)
        await store.vote(record.id, "u2", True)
        assert await store.votes(record.id) == frozenset()

    async def test_who_is_erased_has_voted_nowhere_there(self, store: Store) -> None:
        here, elsewhere = await accepted(store, requester_id="u2"), await accepted(store, workspace=ELSEWHERE)
        for record in (here, elsewhere):
            await store.vote(record.id, "u1", True)
            await store.vote(record.id, "u2", True)
        await store.erase_user(HERE, "u1")
        assert await store.votes(here.id) == {"u2"}
        assert await store.votes(elsewhere.id) == {"u1", "u2"}
