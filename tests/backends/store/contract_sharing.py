"""What every store does when nobody else has it open; part of `contract`."""

from __future__ import annotations

from backends.store.protocol import Store
from tests.backends.store.contract_requests import accepted, ended


class SharingContract:
    async def test_alone_one_has_everything_and_nothing_to_take_over(self, store: Store) -> None:
        open_, done = await accepted(store), await ended(store)
        assert not await store.stay()
        assert await store.take([open_.id, done.id], True) == {open_.id, done.id}
        assert await store.take([open_.id, done.id], False) == frozenset()
        await store.leave()
        assert not await store.stay()
        assert await store.take([], True) == frozenset()
