"""The core of one command in a terminal: its store is in memory, and goes with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from backends.factory import Backends
from backends.protocol import BackendRegistry
from backends.store.sqlite import SqliteStore
from bots.cli.presets import borrow_presets
from bots.commands.invocation import Requester
from bots.core import Core
from config.settings import Settings
from config.workspace import WorkspaceRef

WORKSPACE = WorkspaceRef("cli", "local")
YOU = Requester("local", "you", is_admin=True)


@asynccontextmanager
async def open_core(
    settings: Settings, *, with_presets: bool, watch: Callable[[Backends], BackendRegistry] = lambda backends: backends
) -> AsyncIterator[Core]:
    """`with_presets`: those saved on the page can be named. `watch` stands between the core and its backends."""
    async with AsyncExitStack() as closing:
        store = await SqliteStore.open(None)
        closing.push_async_callback(store.aclose)
        backends = Backends.from_settings(settings)
        closing.push_async_callback(backends.aclose)
        core = Core(settings, store, watch(backends))
        closing.push_async_callback(core.aclose)
        if with_presets:
            await borrow_presets(settings, store, WORKSPACE, YOU.id)
        yield core
