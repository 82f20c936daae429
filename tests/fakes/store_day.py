"""A day of one request and its workspace, told step by step, so that any step can be the last of a process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from backends.store.protocol import Store
from backends.store.records import Accepted, PostRecord, RequestRecord, SampleRecord
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceSettings
from tests.fakes.records import HERE, NOW, make_entry, make_finished_sample, make_outcome, make_request, make_sample

LONG = "a" * 9_000
"""More than an item holds beside everything else, so that it lies in pieces."""
Step = tuple[str, Callable[[Store], Awaitable[object]]]


@dataclass
class StoreDay:
    """`done` names the steps whose call returned, `answers` what."""

    record: RequestRecord = field(default_factory=lambda: make_request(prompt=LONG, options=make_request().options))
    done: list[str] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)

    @property
    def partial(self) -> tuple[SampleRecord, ...]:
        return make_sample(self.record, 0, text="partial " + LONG), make_sample(self.record, 1)

    @property
    def final(self) -> tuple[SampleRecord, ...]:
        return make_finished_sample(self.record, 0, text="final " + LONG), make_finished_sample(self.record, 1)

    @property
    def steps(self) -> tuple[Step, ...]:
        """In order."""
        its = self.record.id
        calm = SamplingOverrides(temperature=0)
        return (
            ("accept", lambda store: store.accept(self.record)),
            ("run", lambda store: store.mark_running(its, NOW)),
            ("reply", lambda store: store.set_reply(its, "reply")),
            ("checkpoint", lambda store: store.checkpoint(self.partial)),
            ("read", lambda store: store.samples(its)),
            ("post", lambda store: store.save_post(PostRecord(its, "general/1"))),
            ("vote", lambda store: store.vote(its, "u2", True)),
            ("finish", lambda store: store.finish(its, make_outcome(), self.final)),
            ("deliver", lambda store: store.mark_delivered(its)),
            (
                "first change",
                lambda store: store.save_workspace(HERE, WorkspaceSettings(cooldown_s=1), 0, make_entry()),
            ),
            ("second change", lambda store: store.save_workspace(HERE, WorkspaceSettings(), 1, make_entry())),
            ("preset", lambda store: store.save_preset(HERE, "u1", "calm", calm)),
            ("installation", lambda store: store.save_installation(HERE, "token")),
            ("unvote", lambda store: store.vote(its, "u2", False)),
        )

    @property
    def answered_well(self) -> bool:
        told = [self.answers[step] for step in ("accept", "read", "finish", "first change", "second change")]
        return told == [Accepted(self.record, True), self.partial, True, 1, 2]

    async def live(self, store: Store) -> None:
        for name, step in self.steps:
            self.answers[name] = await step(store)
            self.done.append(name)

    async def check(self, store: Store) -> None:
        """What returned has happened, what didn't has happened or not; and all lists say the same."""
        found = await store.request(self.record.id)
        assert found is not None or "accept" not in self.done
        ended = found is not None and not found.is_open
        kept = () if found is None else (found,)
        assert await store.requests_of(HERE, "u1") == await store.recent(HERE, "general", 9) == kept
        assert await store.story(self.record.id) == await store.group(self.record.id) == kept
        assert await store.open_requests() == await store.open_of(HERE, "u1") == (() if ended else kept)
        assert (await store.usage(HERE, NOW)).requests == int(ended)
        assert await store.channels(HERE) == ("general",) * len(kept)
        self._check_done(found, await store.samples(self.record.id))
        await self._check_ends(store, ended)
        version = (await store.workspace(HERE)).version
        assert version >= self.done.count("first change") + self.done.count("second change")
        assert len(await store.audit(HERE, 9)) == version
        assert await store.workspaces() == ((HERE,) if version else ())

    def _check_done(self, found: RequestRecord | None, samples: tuple[SampleRecord, ...]) -> None:
        assert samples in ((), self.partial, self.final)
        if "checkpoint" in self.done:
            assert samples
        if "reply" in self.done:
            assert found is not None
            assert found.reply_ref == "reply"
        if "finish" in self.done or (found is not None and not found.is_open):
            assert samples == self.final

    async def _check_ends(self, store: Store, ended: bool) -> None:
        waiting = [record.id for record in await store.undelivered(NOW - timedelta(days=1))]
        assert waiting in ([], [self.record.id])
        assert not waiting or (ended and "deliver" not in self.done)
        assert waiting or not ended or self.done[-1] in ("finish", "deliver") or "deliver" in self.done

    async def go_on(self, store: Store) -> None:
        """As another process does: the platform tells of the event again, and what is open is finished."""
        there = await store.request(self.record.id)
        assert (await store.accept(self.record)).created == (there is None)
        is_open = there is None or there.is_open
        assert await store.finish(self.record.id, make_outcome(), self.final) == is_open
        assert (await store.usage(HERE, NOW)).requests == 1
        assert (await store.usage(HERE, NOW)).completion_tokens == 8
