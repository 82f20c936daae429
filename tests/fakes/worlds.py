"""A core with its store, backend and front, as tests of the commands need it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from backends.factory import Backends
from backends.store.protocol import Store
from backends.store.records import Accepted, RequestRecord, SampleRecord
from backends.store.sqlite import SqliteStore
from bots.commands.invocation import Invocation, Requester
from bots.commands.story import Completion
from bots.core import Core
from config.sampling import SamplingOverrides
from config.settings import EchoBackendSettings, LimitSettings, Settings
from config.workspace import Front as FrontName
from config.workspace import WorkspaceRef
from tests.fakes.gated_backend import GatedBackend, GatedRun
from tests.fakes.recording_reply import RecordingFront, RecordingReply

HERE = WorkspaceRef("discord", "guild-1")
ANN = Requester("u-ann", "ann")
BOB = Requester("u-bob", "bob")
ADMIN = Requester("u-root", "root", is_admin=True)
PATIENCE_S = 5.0

_events = count(1)


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, **much: float) -> None:
        self.time += timedelta(**much)


@dataclass(frozen=True)
class Asked:
    """An accepted request and where it is shown."""

    accepted: Accepted
    reply: RecordingReply

    @property
    def id(self) -> str:
        return self.accepted.record.id


@dataclass
class World:
    store: Store
    backend: GatedBackend
    settings: Settings
    core: Core
    front: RecordingFront
    clock: Clock
    others: list[GatedBackend] = field(default_factory=list)

    def call(self, who: Requester = ANN, event: str | None = None, **place: Any) -> Invocation:
        return Invocation(
            event or f"e{next(_events)}",
            place.get("workspace", HERE),
            place.get("channel", "general"),
            who,
            place.get("private", False),
            place.get("place"),
        )

    async def ask(
        self, prompt: str = "Once upon a time", who: Requester = ANN, reply: RecordingReply | None = None, **more: Any
    ) -> Asked:
        """/complete; `preset`, `model`, `cut`, `private`, `channel` and `event` go where they belong, the rest are
        sampling options."""
        reply = reply or RecordingReply()
        about = {name: more.pop(name) for name in ("preset", "model", "cut") if name in more}
        place = {name: more.pop(name) for name in ("event", "private", "channel", "workspace", "place") if name in more}
        given = Completion(prompt, SamplingOverrides(**more), **about)
        return Asked(await self.core.story.complete(self.call(who, **place), reply, given), reply)

    async def ask_and_run(self, prompt: str = "Once upon a time", **more: Any) -> tuple[Asked, GatedRun]:
        asked = await self.ask(prompt, **more)
        return asked, await self.backend.next_run()

    async def completed(self, *texts: str, **more: Any) -> Asked:
        """A request that has ended with this text."""
        asked, run = await self.ask_and_run(**more)
        run.complete(*(texts or (" there was a lamp",)))
        await self.core.jobs.wait(asked.id)
        return asked

    async def record(self, request_id: str) -> RequestRecord:
        record = await self.store.request(request_id)
        assert record is not None
        return record

    async def sample(self, request_id: str, index: int = 0) -> SampleRecord:
        return (await self.store.samples(request_id))[index]


def settings_with(**limits: Any) -> Settings:
    return Settings(
        data_dir=Path("unused"),
        cache_dir=Path("unused"),
        default_backend="gated",
        backends={"gated": EchoBackendSettings(kind="echo")},
        limits=LimitSettings(**{"max_in_flight": 100, **limits}),
    )


@asynccontextmanager
async def opened_core(
    store: Store,
    backends: list[GatedBackend],
    clock: Clock,
    front: RecordingFront,
    settings: Settings,
    patience_s: float = PATIENCE_S,
    front_name: FrontName = "discord",
) -> AsyncIterator[Core]:
    """A started core: one process's life."""
    registry = Backends({backend.name: backend for backend in backends}, backends[0].name)
    core = Core(settings, store, registry, clock, patience_s)
    core.register(front_name, front)
    await core.start()
    try:
        yield core
    finally:
        await core.aclose()


@asynccontextmanager
async def open_world(
    store: Store | None = None,
    *,
    text: str | None = None,
    patience_s: float = PATIENCE_S,
    backend: GatedBackend | None = None,
    **limits: Any,
) -> AsyncIterator[World]:
    """A whole process on a store: a new one when none is given."""
    async with AsyncExitStack() as stack:
        if store is None:
            store = await open_store()
            stack.push_async_callback(store.aclose)
        settings, clock, front = settings_with(**limits), Clock(), RecordingFront()
        backends = [backend or GatedBackend(text=text), GatedBackend("other", text=text)]
        core = opened_core(store, backends, clock, front, settings, patience_s)
        yield World(store, backends[0], settings, await stack.enter_async_context(core), front, clock, backends[1:])


async def open_store(path: Path | None = None) -> Store:
    """A store in memory, or in a file."""
    return await SqliteStore.open(path)


@asynccontextmanager
async def stored(path: Path | None = None) -> AsyncIterator[Store]:
    """A store that is closed at the end, for tests of more than one process's life."""
    store = await open_store(path)
    try:
        yield store
    finally:
        await store.aclose()
