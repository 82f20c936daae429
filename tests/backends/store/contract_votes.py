"""What every store does with votes; part of `contract`."""

from __future__ import annotations

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
