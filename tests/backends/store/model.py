"""Any sequence of calls leaves the store as it would leave a few dictionaries."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from backends.store.protocol import Store
from backends.store.records import RequestRecord, SampleRecord, Usage
from tests.fakes.records import HERE, NOW, make_finished_sample, make_outcome, make_request, make_sample

people = st.sampled_from(("u1", "u2"))
channels = st.sampled_from(("general", "other"))


@dataclass
class Model:
    """What the store should hold."""

    requests: dict[str, RequestRecord] = field(default_factory=dict)
    samples: dict[str, dict[int, SampleRecord]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    ended: int = 0

    def is_open(self, record: RequestRecord) -> bool:
        return record.id in self.requests and self.requests[record.id].is_open

    def save(self, sample: SampleRecord) -> None:
        self.samples[sample.request_id][sample.index] = sample

    def forget(self, request_id: str) -> bool:
        record = self.requests.pop(request_id, None)
        self.samples.pop(request_id, None)
        if record is not None:
            self.keys.pop(record.idempotency_key, None)
        return record is not None

    def of(self, **wanted: str) -> tuple[RequestRecord, ...]:
        found = (r for r in self.requests.values() if all(getattr(r, key) == value for key, value in wanted.items()))
        return tuple(sorted(found, key=lambda record: record.id))


class StoreMachine(RuleBasedStateMachine):
    known: Bundle[RequestRecord] = Bundle("known")

    def __init__(self, open_store: Callable[[], Awaitable[Store]]) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = self.runner.run(_opened(open_store))
        self.model = Model()

    def teardown(self) -> None:
        self.runner.run(self.store.aclose())
        self.runner.close()

    @rule(target=known, person=people, channel=channels, key=st.integers(0, 9))
    def accept(self, person: str, channel: str, key: int) -> RequestRecord:
        record = make_request(requester_id=person, channel=channel, idempotency_key=f"event {key}")
        first = self.model.keys.get(record.idempotency_key)
        accepted = self.runner.run(self.store.accept(record))
        assert accepted.created == (first is None)
        if first is None:
            self.model.keys[record.idempotency_key] = record.id
            self.model.requests[record.id] = record
            self.model.samples[record.id] = {}
        assert accepted.record == self.model.requests[first or record.id]
        return accepted.record

    @rule(record=known)
    def run(self, record: RequestRecord) -> None:
        self.runner.run(self.store.mark_running(record.id, NOW))
        if self.model.is_open(record):
            self.model.requests[record.id] = replace(self.model.requests[record.id], status="running", started_at=NOW)

    @rule(record=known, index=st.integers(0, 2), text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
    def checkpoint(self, record: RequestRecord, index: int, text: str) -> None:
        sample = make_sample(record, index, text=text)
        self.runner.run(self.store.checkpoint([sample]))
        if self.model.is_open(record):
            self.model.save(sample)

    @rule(record=known, count=st.integers(0, 3), failed=st.booleans())
    def finish(self, record: RequestRecord, count: int, failed: bool) -> None:
        outcome = make_outcome(status="failed", error="broke") if failed else make_outcome()
        samples = [make_finished_sample(record, index) for index in range(count)]
        finished = self.runner.run(self.store.finish(record.id, outcome, samples))
        assert finished == self.model.is_open(record)
        if finished:
            self.model.ended += 1
            changes = {"status": outcome.status, "finished_at": outcome.finished_at, "error": outcome.error}
            self.model.requests[record.id] = replace(
                self.model.requests[record.id], model=outcome.model, notes=(), **changes
            )
            for sample in samples:
                self.model.save(sample)

    @rule(record=known)
    def deliver(self, record: RequestRecord) -> None:
        self.runner.run(self.store.mark_delivered(record.id))
        self.model.delivered.add(record.id)

    @rule(record=known, withdrawn=st.booleans())
    def withdraw(self, record: RequestRecord, withdrawn: bool) -> None:
        self.runner.run(self.store.withdraw(record.id, withdrawn))
        if record.id in self.model.requests:
            self.model.requests[record.id] = replace(self.model.requests[record.id], withdrawn=withdrawn)

    @rule(record=consumes(known))
    def delete(self, record: RequestRecord) -> None:
        assert self.runner.run(self.store.delete(record.id)) == self.model.forget(record.id)

    @rule(person=people)
    def erase_user(self, person: str) -> None:
        mine = self.model.of(requester_id=person)
        assert self.runner.run(self.store.erase_user(HERE, person)) == len(mine)
        for record in mine:
            self.model.forget(record.id)

    @rule(record=known)
    def purge(self, record: RequestRecord) -> None:
        old = [r for r in self.model.of() if not r.is_open and r.created_at < record.created_at]
        assert self.runner.run(self.store.purge(HERE, record.created_at)) == len(old)
        for each in old:
            self.model.forget(each.id)

    @rule(person=people, channel=channels, limit=st.integers(0, 3))
    def look_things_up(self, person: str, channel: str, limit: int) -> None:
        mine, there = self.model.of(requester_id=person), self.model.of(channel=channel)
        run, store = self.runner.run, self.store
        assert run(store.requests_of(HERE, person)) == mine
        assert run(store.open_of(HERE, person)) == tuple(record for record in mine if record.is_open)
        assert run(store.last_accepted_at(HERE, person)) == (mine[-1].created_at if mine else None)
        assert run(store.recent(HERE, channel, limit)) == there[max(len(there) - limit, 0) :]

    @invariant()
    def agree(self) -> None:
        run, store = self.runner.run, self.store
        assert run(store.open_requests()) == tuple(record for record in self.model.of() if record.is_open)
        ended = {record.id for record in self.model.of() if not record.is_open}
        assert {record.id for record in run(store.undelivered(NOW))} == ended - self.model.delivered
        assert run(store.usage(HERE, NOW)).requests == self.model.ended
        for record in self.model.of():
            assert run(store.request(record.id)) == record
            saved = tuple(sample for _, sample in sorted(self.model.samples[record.id].items()))
            assert run(store.samples(record.id)) == saved
        if not self.model.ended:
            assert run(store.usage(HERE, NOW)) == Usage()


async def _opened(open_store: Callable[[], Awaitable[Store]]) -> Store:
    return await open_store()


def check_against_model(open_store: Callable[[], Awaitable[Store]], examples: int = 25) -> None:
    """`open_store` gives a new and empty one each time."""
    run_state_machine_as_test(
        lambda: StoreMachine(open_store),
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
