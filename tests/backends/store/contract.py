"""What every store does. Subclasses give the fixture `store`, and `pair` where two can share their data."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from backends.store.protocol import SettingsChanged, Store, StoreFailed
from backends.store.records import Accepted, Usage
from config.workspace import WorkspaceSettings
from tests.backends.store.contract_installations import InstallationContract
from tests.backends.store.contract_posts import PostContract
from tests.backends.store.contract_requests import AcceptContract, LifeContract, QueryContract, accepted, ended
from tests.backends.store.contract_settings import PeopleContract, SettingsContract
from tests.backends.store.contract_sharing import SharingContract
from tests.backends.store.contract_votes import VoteContract
from tests.fakes.records import (
    ELSEWHERE,
    HERE,
    NOW,
    make_entry,
    make_finished_sample,
    make_outcome,
    make_request,
    make_sample,
)


class UpkeepContract:
    async def test_usage_sums_what_ended(self, store: Store) -> None:
        first, second = await accepted(store), await accepted(store)
        await accepted(store)
        await store.mark_running(first.id, NOW)
        samples = [
            make_finished_sample(first, 0),
            make_finished_sample(first, 1, completion_tokens=None),
            make_sample(first, 2, text="", end="failed"),
        ]
        assert await store.usage(HERE, NOW) == Usage()
        await store.finish(first.id, make_outcome(finished_at=NOW + timedelta(seconds=2.5)), samples)
        assert await store.usage(HERE, NOW) == Usage(1, 2, 4, 2.5)
        await store.finish(second.id, make_outcome(status="stopped"), [make_finished_sample(second)])
        assert await store.usage(HERE, NOW) == Usage(2, 3, 8, 2.5)
        assert await store.usage(ELSEWHERE, NOW) == Usage()

    async def test_usage_counts_from_the_start_of_the_hour(self, store: Store) -> None:
        for minutes in (-1, 0, 59, 60):
            record = await accepted(store)
            outcome = make_outcome(finished_at=NOW + timedelta(minutes=minutes))
            await store.finish(record.id, outcome, [make_finished_sample(record)])
        assert (await store.usage(HERE, NOW + timedelta(minutes=30))).requests == 3
        assert (await store.usage(HERE, NOW + timedelta(minutes=60))).requests == 1
        assert (await store.usage(HERE, NOW - timedelta(days=1))).requests == 4

    async def test_usage_outlives_what_was_erased(self, store: Store) -> None:
        await store.delete((await ended(store)).id)
        await ended(store)
        await store.erase_user(HERE, "u1")
        await ended(store)
        await store.purge(HERE, NOW + timedelta(days=1))
        assert await store.requests_of(HERE, "u1") == ()
        assert await store.usage(HERE, NOW) == Usage(3, 3, 12, 0.0)

    async def test_purge_erases_ended_requests_of_before(self, store: Store) -> None:
        old, on_time, still_open = await ended(store), await ended(store), await accepted(store, created_at=NOW)
        elsewhere = await ended(store, workspace=ELSEWHERE, created_at=NOW)
        assert await store.purge(HERE, on_time.created_at) == 1
        assert await store.request(old.id) is None
        assert await store.samples(old.id) == ()
        assert await store.requests_of(HERE, "u1") == (on_time, still_open)
        assert await store.request(elsewhere.id) == elsewhere
        assert await store.purge(HERE, on_time.created_at) == 0

    async def test_closing_twice_is_fine_and_later_calls_say_so(self, store: Store) -> None:
        await asyncio.gather(store.aclose(), store.aclose())
        await store.aclose()
        for call in (store.accept(make_request()), store.open_requests(), store.delete("nothing")):
            with pytest.raises(StoreFailed, match=r"^The store is closed\.$"):
                await call

    async def test_closing_lets_what_runs_end(self, store: Store) -> None:
        accepting = [asyncio.create_task(store.accept(make_request())) for _ in range(10)]
        await asyncio.sleep(0)
        await store.aclose()
        answers = await asyncio.gather(*accepting, return_exceptions=True)
        assert all(isinstance(answer, Accepted | StoreFailed) for answer in answers)

    async def test_cancelled_calls_leave_the_store_usable(self, store: Store) -> None:
        """Each is there in full or not at all, whenever it is cancelled; and the next call works."""
        loop = asyncio.get_running_loop()
        for number in range(60):
            record = await accepted(store)
            finishing = asyncio.create_task(
                store.finish(record.id, make_outcome(), [make_finished_sample(record, i) for i in range(3)])
            )
            loop.call_later(number * 0.00002, finishing.cancel)
            await asyncio.gather(finishing, return_exceptions=True)
            found = await store.request(record.id)
            assert found is not None
            assert len(await store.samples(record.id)) == (0 if found.is_open else 3)
        finished = 60 - len(await store.open_requests())
        assert (await store.usage(HERE, NOW)).requests == finished


class StoreContract(
    AcceptContract,
    LifeContract,
    QueryContract,
    PostContract,
    VoteContract,
    SettingsContract,
    PeopleContract,
    InstallationContract,
    SharingContract,
    UpkeepContract,
):
    """Everything one store promises by itself."""


class SharedStoreContract:
    """What two stores over the same data promise: two processes, or two machines."""

    async def test_each_sees_what_the_other_wrote(self, pair: tuple[Store, Store]) -> None:
        one, other = pair
        record = await accepted(one)
        assert await other.open_requests() == (record,)
        assert await other.finish(record.id, make_outcome(), [make_finished_sample(record)])
        assert await one.samples(record.id) == (make_finished_sample(record),)
        assert await one.open_requests() == ()

    async def test_one_key_is_created_once(self, pair: tuple[Store, Store]) -> None:
        for _ in range(5):
            key = make_request().id
            accepts = [store.accept(make_request(idempotency_key=key)) for store in pair * 10]
            answers = await asyncio.gather(*accepts)
            assert [answer.created for answer in answers].count(True) == 1
            assert len({answer.record.id for answer in answers}) == 1

    async def test_a_request_ends_once(self, pair: tuple[Store, Store]) -> None:
        for number in range(1, 6):
            record = await accepted(pair[0])
            finishes = [store.finish(record.id, make_outcome(), ()) for store in pair * 5]
            assert (await asyncio.gather(*finishes)).count(True) == 1
            assert (await pair[1].usage(HERE, NOW)).requests == number

    async def test_settings_change_once(self, pair: tuple[Store, Store]) -> None:
        saves = [store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry()) for store in pair]
        answers = await asyncio.gather(*saves, return_exceptions=True)
        assert answers.count(1) == 1
        assert sum(isinstance(answer, SettingsChanged) for answer in answers) == 1
        assert len(await pair[0].audit(HERE, 10)) == 1

    async def test_one_closes_and_the_other_works_on(self, pair: tuple[Store, Store]) -> None:
        record = await accepted(pair[0])
        await pair[0].aclose()
        assert await pair[1].open_requests() == (record,)
        await accepted(pair[1])
