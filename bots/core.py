"""The neutral core: every command, wired to one store, one registry of backends and one durable queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from backends.protocol import BackendRegistry
from backends.store.protocol import Store
from bots.commands.insight import InsightCommands
from bots.commands.people import PeopleCommands
from bots.commands.results import ResultCommands
from bots.commands.settings import SettingsCommands
from bots.commands.status import StatusCommand
from bots.commands.story import StoryCommands
from bots.commands.suggestions import Suggestions
from bots.commands.tree import TreeCommands
from bots.commands.typed import TypedCommands
from bots.jobs import Jobs
from bots.posts import Posts
from bots.reply import PATIENCE_S, Front
from bots.retention import Retention
from bots.sharing import Sharing
from config.settings import Settings
from config.workspace import Front as FrontName
from config.workspace import WorkspaceRef

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Core:
    """What a front calls. Register the fronts, then `start`; store and backends belong to the caller."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        backends: BackendRegistry,
        now: Callable[[], datetime] = utc_now,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`patience_s` is how long one call to a platform may take."""
        self._fronts: dict[str, Front] = {}
        self._retention = Retention(store, now)
        self._background: list[asyncio.Task[None]] = []
        self.settings = settings
        self.store = store
        self.backends = backends
        self.jobs = Jobs(store, backends, self._fronts, settings.limits, now, patience_s)
        self.sharing = Sharing(store, self.jobs)
        self.story = StoryCommands(settings, store, backends, self.jobs, now)
        self.results = ResultCommands(store, self.jobs, backends)
        self.insight = InsightCommands(settings, store, backends, now)
        self.tree = TreeCommands(store)
        self.posts = Posts(store)
        self.people = PeopleCommands(store, self.jobs)
        self.rules = SettingsCommands(store, backends, now)
        self.status = StatusCommand(store, backends, self.jobs, now)
        self.suggestions = Suggestions(store, backends)
        self.typed = TypedCommands(self.people, self.rules, self.status, self.insight, settings, backends.names[0])

    def register(self, name: FrontName, front: Front) -> None:
        """Make a front known, so that its open requests can be taken up again."""
        self._fronts[name] = front

    async def start(self) -> None:
        """Take up what a crash or a deploy left open, and begin to sweep old results and to look after other bots."""
        await self.sharing.begin()
        resumed = await self.jobs.resume()
        if resumed:
            log.info("core.resumed", requests=resumed)
        self._background = [
            asyncio.create_task(self._retention.run(), name="retention"),
            asyncio.create_task(self.sharing.run(), name="sharing"),
        ]

    async def forget_workspace(self, ref: WorkspaceRef) -> int:
        """Stop and erase everything of a workspace that Inkling was taken out of; returns how many requests."""
        for record in await self.store.open_requests():
            if record.workspace == ref:
                await self.jobs.stop(record.id, "the one who uninstalled Inkling")
        return await self.store.erase_workspace(ref)

    async def aclose(self) -> None:
        """Stop working; open requests stay open in the store."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.jobs.aclose()
        if self._background:
            self._background = []
            await self.sharing.end()
