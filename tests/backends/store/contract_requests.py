"""What every store does with requests and samples; part of `contract`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backends.store.protocol import Store
from backends.store.records import Accepted, Parent, RequestRecord, Usage
from config.sampling import SamplingOptions
from config.workspace import WorkspaceRef, WorkspaceSettings
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

DIFFICULT_TEXT = "“naïve” 🖋\r\n\t\\ '; DROP TABLE requests; -- \u2028 \u0000 end"


async def accepted(store: Store, **changes: object) -> RequestRecord:
    record = make_request(**changes)
    assert (await store.accept(record)).created
    return record


async def ended(store: Store, **changes: object) -> RequestRecord:
    record = await accepted(store, **changes)
    outcome = make_outcome()
    assert await store.finish(record.id, outcome, [make_finished_sample(record)])
    found = await store.request(record.id)
    assert found is not None
    return found


def ids(records: tuple[RequestRecord, ...]) -> list[str]:
    return [record.id for record in records]


class AcceptContract:
    async def test_gives_back_every_field(self, store: Store) -> None:
        record = make_request(
            workspace=WorkspaceRef("slack", "T0ÄÖ"),
            requester_name=DIFFICULT_TEXT,
            kind="continue",
            prompt=DIFFICULT_TEXT,
            options=SamplingOptions(
                temperature=0.1 + 0.2, samples=3, seed=2**31 - 1, stop=("\n\n", DIFFICULT_TEXT[:9])
            ),
            baseline=SamplingOptions(length=17),
            model="gpt2",
            created_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
            group_id="another",
            story_id="the first",
            origin_id="the one before",
            parent=Parent("yet another", 2, 17),
            private=True,
            cut=False,
            notes=("length 500 → 200 (this server's ceiling)", DIFFICULT_TEXT),
            reply_ref='{"channel": 1}',
            status="running",
            error="none yet",
            started_at=NOW,
            finished_at=NOW + timedelta(microseconds=1),
            withdrawn=True,
        )
        assert await store.accept(record) == Accepted(record, True)
        assert await store.request(record.id) == record

    async def test_times_come_back_in_utc(self, store: Store) -> None:
        there = datetime(2026, 7, 1, 23, 30, tzinfo=timezone(timedelta(hours=-7)))
        record = await accepted(store, created_at=there)
        found = await store.request(record.id)
        assert found is not None
        assert found.created_at == there
        assert found.created_at.utcoffset() == timedelta(0)

    async def test_refuses_a_time_without_zone(self, store: Store) -> None:
        with pytest.raises(ValueError, match="zone"):
            await store.accept(make_request(created_at=datetime(2026, 7, 1)))
        assert await store.open_requests() == ()

    async def test_long_prompts_fit(self, store: Store) -> None:
        record = await accepted(store, prompt="🖋" * 60_000)
        assert await store.request(record.id) == record

    async def test_unknown_request_is_none(self, store: Store) -> None:
        assert await store.request("nothing") is None
        assert await store.samples("nothing") == ()

    async def test_known_key_gives_the_first_record_as_it_is_now(self, store: Store) -> None:
        first = await accepted(store)
        await store.mark_running(first.id, NOW)
        again = await store.accept(make_request(idempotency_key=first.idempotency_key, prompt="another"))
        assert again == Accepted(replace(first, status="running", started_at=NOW), False)
        assert ids(await store.open_requests()) == [first.id]

    async def test_of_many_at_once_with_one_key_one_is_created(self, store: Store) -> None:
        records = [make_request(idempotency_key="one event") for _ in range(50)]
        answers = await asyncio.gather(*(store.accept(record) for record in records))
        (created,) = [answer.record for answer in answers if answer.created]
        assert {answer.record for answer in answers} == {created}
        assert await store.open_requests() == (created,)

    async def test_many_at_once_with_different_keys_are_all_created(self, store: Store) -> None:
        records = [make_request() for _ in range(50)]
        answers = await asyncio.gather(*(store.accept(record) for record in records))
        assert all(answer.created for answer in answers)
        assert await store.open_requests() == tuple(records)

    async def test_two_are_accepted_together(self, store: Store) -> None:
        first = make_request()
        second = make_request(origin_id=first.id, group_id=first.id, story_id=first.id)
        assert await store.accept_both(first, second) == (Accepted(first, True), Accepted(second, True))
        assert await store.open_requests() == (first, second)

    async def test_of_two_the_known_one_stays_as_it_is(self, store: Store) -> None:
        first, second = await accepted(store), make_request()
        again = make_request(idempotency_key=first.idempotency_key, prompt="another")
        assert await store.accept_both(again, second) == (Accepted(first, False), Accepted(second, True))
        assert await store.accept_both(second, again) == (Accepted(second, False), Accepted(first, False))
        assert await store.open_requests() == (first, second)

    async def test_of_two_neither_is_kept_when_one_cant_be(self, store: Store) -> None:
        with pytest.raises(ValueError, match="zone"):
            await store.accept_both(make_request(), make_request(created_at=datetime(2026, 7, 1)))
        assert await store.open_requests() == ()


class LifeContract:
    async def test_running_keeps_its_first_start(self, store: Store) -> None:
        record = await accepted(store)
        await store.mark_running(record.id, NOW)
        await store.mark_running(record.id, NOW + timedelta(hours=1))
        assert await store.request(record.id) == replace(record, status="running", started_at=NOW)

    async def test_ended_requests_do_not_run_again(self, store: Store) -> None:
        record = await ended(store)
        await store.mark_running(record.id, NOW)
        assert await store.request(record.id) == record

    async def test_reply_is_kept_open_or_ended(self, store: Store) -> None:
        record = await accepted(store)
        await store.set_reply(record.id, "first")
        assert await store.request(record.id) == replace(record, reply_ref="first")
        await store.finish(record.id, make_outcome(), ())
        await store.set_reply(record.id, DIFFICULT_TEXT)
        found = await store.request(record.id)
        assert found is not None
        assert found.reply_ref == DIFFICULT_TEXT

    async def test_changes_of_unknown_requests_are_harmless(self, store: Store) -> None:
        await store.mark_running("nothing", NOW)
        await store.set_reply("nothing", "reply")
        await store.withdraw("nothing", True)
        await store.checkpoint([make_sample(make_request())])
        assert not await store.finish("nothing", make_outcome(), ())
        assert await store.usage(HERE, NOW) == Usage()

    async def test_checkpoint_saves_the_newest_text_by_index(self, store: Store) -> None:
        record = await accepted(store)
        first, second = make_sample(record, 0, text="a"), make_sample(record, 1, text=DIFFICULT_TEXT)
        await store.checkpoint([])
        assert await store.samples(record.id) == ()
        await store.checkpoint([second, first])
        assert await store.samples(record.id) == (first, second)
        longer = replace(first, text="ab", end="stop", stop_reason="\n", completion_tokens=2)
        await store.checkpoint([longer])
        assert await store.samples(record.id) == (longer, second)

    async def test_checkpoint_of_an_ended_request_is_ignored(self, store: Store) -> None:
        record = await ended(store)
        saved = await store.samples(record.id)
        await store.checkpoint([make_sample(record, 0, text="late"), make_sample(record, 1, text="later")])
        assert await store.samples(record.id) == saved

    async def test_finish_saves_outcome_and_samples(self, store: Store) -> None:
        record = await accepted(store)
        await store.checkpoint([make_sample(record)])
        outcome = make_outcome(status="failed", error="the model ran out of memory", notes=("one", "two"))
        samples = (make_finished_sample(record, 0), make_finished_sample(record, 1, end="failed"))
        assert await store.finish(record.id, outcome, samples)
        assert await store.request(record.id) == replace(
            record,
            status="failed",
            finished_at=outcome.finished_at,
            model="smollm2-135m",
            error=outcome.error,
            notes=outcome.notes,
        )
        assert await store.samples(record.id) == samples

    async def test_finish_without_a_model_keeps_the_one_asked_for(self, store: Store) -> None:
        record = await accepted(store, model="gpt2")
        await store.finish(record.id, make_outcome(model=None), ())
        found = await store.request(record.id)
        assert found is not None
        assert found.model == "gpt2"

    async def test_finishes_once(self, store: Store) -> None:
        record = await ended(store)
        saved = await store.samples(record.id)
        late = make_finished_sample(record, text="late")
        assert not await store.finish(record.id, make_outcome(status="failed", error="late"), [late])
        assert await store.request(record.id) == record
        assert await store.samples(record.id) == saved
        assert (await store.usage(HERE, NOW)).requests == 1

    async def test_of_many_finishes_at_once_one_wins(self, store: Store) -> None:
        record = await accepted(store)
        texts = [f"text {number}" for number in range(20)]
        won = await asyncio.gather(
            *(store.finish(record.id, make_outcome(), [make_finished_sample(record, text=text)]) for text in texts)
        )
        assert won.count(True) == 1
        (sample,) = await store.samples(record.id)
        assert sample.text == texts[won.index(True)]
        assert (await store.usage(HERE, NOW)).requests == 1

    async def test_finish_and_checkpoints_at_once_leave_the_final_text(self, store: Store) -> None:
        record = await accepted(store)
        final = make_finished_sample(record, text="final")
        partial = [store.checkpoint([make_sample(record, text=f"partial {number}")]) for number in range(10)]
        await asyncio.gather(*partial[:5], store.finish(record.id, make_outcome(), [final]), *partial[5:])
        assert await store.samples(record.id) == (final,)

    async def test_withdrawn_and_put_back(self, store: Store) -> None:
        record = await ended(store)
        await store.withdraw(record.id, True)
        assert await store.request(record.id) == replace(record, withdrawn=True)
        await store.withdraw(record.id, False)
        assert await store.request(record.id) == record

    async def test_delete_erases_request_and_samples(self, store: Store) -> None:
        record = await ended(store)
        other = await ended(store)
        assert await store.delete(record.id)
        assert await store.request(record.id) is None
        assert await store.samples(record.id) == ()
        assert not await store.delete(record.id)
        assert await store.request(other.id) == other
        assert len(await store.samples(other.id)) == 1

    async def test_deleted_requests_stay_away(self, store: Store) -> None:
        record = await accepted(store)
        await store.delete(record.id)
        await store.checkpoint([make_sample(record)])
        assert not await store.finish(record.id, make_outcome(), [make_finished_sample(record)])
        assert await store.samples(record.id) == ()


class QueryContract:
    async def test_open_requests_are_of_all_workspaces_oldest_first(self, store: Store) -> None:
        here, there = await accepted(store), await accepted(store, workspace=ELSEWHERE)
        await ended(store)
        running = await accepted(store)
        await store.mark_running(running.id, NOW)
        assert ids(await store.open_requests()) == [here.id, there.id, running.id]

    async def test_open_of_is_one_persons_here(self, store: Store) -> None:
        first, second = await accepted(store), await accepted(store, channel="other", private=True)
        await ended(store)
        await accepted(store, requester_id="u2")
        await accepted(store, workspace=ELSEWHERE)
        await accepted(store, workspace=replace(HERE, id="server-2"))
        assert await store.open_of(HERE, "u1") == (first, second)
        assert await store.open_of(HERE, "u3") == ()

    async def test_last_accepted_is_the_latest_open_or_ended(self, store: Store) -> None:
        assert await store.last_accepted_at(HERE, "u1") is None
        await accepted(store)
        latest = await ended(store)
        await accepted(store, requester_id="u2")
        await accepted(store, workspace=ELSEWHERE)
        assert await store.last_accepted_at(HERE, "u1") == latest.created_at

    async def test_a_key_finds_its_request_as_it_is_now(self, store: Store) -> None:
        record = await ended(store)
        assert await store.request_of_key(record.idempotency_key) == record
        assert await store.request_of_key("discord:server-1:never seen") is None
        await store.delete(record.id)
        assert await store.request_of_key(record.idempotency_key) is None

    async def test_undelivered_are_the_ended_whose_end_was_not_shown(self, store: Store) -> None:
        await accepted(store)
        early, late = await accepted(store), await accepted(store, workspace=ELSEWHERE)
        await store.finish(late.id, make_outcome(finished_at=NOW + timedelta(hours=1)), ())
        await store.finish(early.id, make_outcome(status="stopped", finished_at=NOW), ())
        assert ids(await store.undelivered(NOW)) == [early.id, late.id]
        assert ids(await store.undelivered(NOW + timedelta(microseconds=1))) == [late.id]
        await store.mark_delivered(early.id)
        await store.mark_delivered(early.id)
        await store.mark_delivered("unknown")
        assert ids(await store.undelivered(NOW)) == [late.id]
        await store.delete(late.id)
        assert await store.undelivered(NOW) == ()

    async def test_group_holds_a_request_and_its_alternatives(self, store: Store) -> None:
        origin = await ended(store)
        await ended(store)
        alternatives = [await accepted(store, group_id=origin.id, kind="vary") for _ in range(3)]
        assert await store.group(origin.id) == (origin, *alternatives)
        assert await store.group("nothing") == ()

    async def test_children_go_on_from_any_sample(self, store: Store) -> None:
        origin = await ended(store)
        children = [await accepted(store, parent=Parent(origin.id, sample)) for sample in (1, 0)]
        await accepted(store, parent=Parent(children[0].id, 0))
        assert await store.children(origin.id) == tuple(children)

    async def test_a_story_holds_what_was_made_from_its_first(self, store: Store) -> None:
        first = await ended(store)
        second = await ended(store, story_id=first.id, origin_id=first.id)
        third = await accepted(store, story_id=first.id, origin_id=second.id)
        await ended(store)
        assert await store.story(first.id) == (first, second, third)
        assert [sample.request_id for sample in await store.story_samples(first.id)] == [first.id, second.id]
        await store.delete(first.id)
        assert await store.story(first.id) == (second, third)
        assert (await store.story("nothing"), await store.story_samples("nothing")) == ((), ())

    async def test_children_outlive_their_parent(self, store: Store) -> None:
        origin = await ended(store)
        child = await ended(store, parent=Parent(origin.id, 0))
        await store.delete(origin.id)
        assert await store.request(child.id) == child
        assert await store.children(origin.id) == (child,)

    async def test_recent_pages_back_through_a_channel(self, store: Store) -> None:
        records = [await ended(store) for _ in range(7)]
        await ended(store, channel="other")
        await ended(store, workspace=ELSEWHERE)
        newest = await store.recent(HERE, "general", 3)
        assert newest == tuple(records[4:])
        middle = await store.recent(HERE, "general", 3, before=newest[0].id)
        assert middle == tuple(records[1:4])
        assert await store.recent(HERE, "general", 3, before=middle[0].id) == (records[0],)
        assert await store.recent(HERE, "general", 3, before=records[0].id) == ()

    async def test_recent_pages_on_when_the_last_one_seen_was_deleted(self, store: Store) -> None:
        records = [await ended(store) for _ in range(4)]
        await store.delete(records[2].id)
        assert await store.recent(HERE, "general", 10, before=records[2].id) == tuple(records[:2])

    async def test_channels_are_told_once_each(self, store: Store) -> None:
        assert await store.channels(HERE) == ()
        for channel in ("poems", "general", "poems", "a%b"):
            await ended(store, channel=channel)
        await ended(store, channel="other", workspace=ELSEWHERE)
        assert await store.channels(HERE) == ("a%b", "general", "poems")

    @pytest.mark.parametrize("limit", [0, -1])
    async def test_a_limit_below_one_gives_nothing(self, store: Store, limit: int) -> None:
        await ended(store)
        await store.save_workspace(HERE, WorkspaceSettings(), 0, make_entry())
        assert await store.recent(HERE, "general", limit) == ()
        assert await store.audit(HERE, limit) == ()
