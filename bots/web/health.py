"""How the backends are, as of a moment ago: read at once, refreshed in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from backends.protocol import Backend, BackendHealth, BackendRegistry
from config.errors import InklingError

ANSWER_WITHIN_S = 2.0
EVERY_S = 1.0
SETTLED_EVERY_S = 5.0
"""While nothing is on its way: another's server need not be asked once a second for ever."""
_SETTLED = ("ready", "unavailable")

log = structlog.get_logger(__name__)
UNKNOWN = BackendHealth("starting", "I haven't heard from the model yet.")


@dataclass(frozen=True, slots=True)
class BackendSnapshot:
    name: str
    health: BackendHealth
    models: tuple[str, ...]
    """The default first; empty as long as the backend can't say."""


class HealthWatch:
    """Asks every backend again and again, so that nobody else has to wait for their answers."""

    def __init__(
        self,
        backends: BackendRegistry,
        on_change: Callable[[], None],
        every_s: float = EVERY_S,
        settled_every_s: float = SETTLED_EVERY_S,
    ) -> None:
        """`on_change` is called when a state, a sentence or the list of models is another than before;
        `settled_every_s` is the pause while every backend is ready or can't be had."""
        self._backends = backends
        self._on_change = on_change
        self._every_s = every_s
        self._settled_every_s = settled_every_s
        self._snapshots = tuple(BackendSnapshot(name, UNKNOWN, ()) for name in backends.names)
        self._task: asyncio.Task[None] | None = None

    @property
    def snapshots(self) -> tuple[BackendSnapshot, ...]:
        """The default backend first."""
        return self._snapshots

    @property
    def default(self) -> BackendSnapshot:
        return self._snapshots[0]

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="health watch")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def refresh(self) -> None:
        """Ask all backends now."""
        before = self._snapshots
        names = self._backends.names
        self._snapshots = tuple(await asyncio.gather(*(self._look(self._backends.get(name)) for name in names)))
        if [_signature(each) for each in before] != [_signature(each) for each in self._snapshots]:
            self._on_change()

    async def _run(self) -> None:
        while True:
            try:
                await self.refresh()
            except Exception:
                log.exception("health.failed")
            settled = all(each.health.state in _SETTLED for each in self._snapshots)
            await asyncio.sleep(self._settled_every_s if settled else self._every_s)

    async def _look(self, backend: Backend) -> BackendSnapshot:
        known = next((each.models for each in self._snapshots if each.name == backend.name), ())
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                health = await backend.health()
                models = known if known or health.state != "ready" else await backend.models()
        except TimeoutError:
            health, models = BackendHealth("unavailable", f"{backend.name} doesn't answer."), known
        except InklingError as error:
            health, models = BackendHealth("unavailable", error.sentence), known
        return BackendSnapshot(backend.name, health, models)


def _signature(snapshot: BackendSnapshot) -> tuple[object, ...]:
    return snapshot.health.state, snapshot.health.detail, snapshot.models


class HealthEndpoint:
    """GET /healthz: never waits for anything."""

    def __init__(self, watch: HealthWatch, running: Callable[[], int], waiting: Callable[[], int]) -> None:
        self._watch = watch
        self._running = running
        self._waiting = waiting

    async def answer(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "status": "ok",
                "running": self._running(),
                "waiting": self._waiting(),
                "backend": self._watch.default.health.state,
            }
        )
