"""What to offer while somebody types the name of a model, a preset or a setting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from backends.protocol import BackendRegistry
from backends.store.protocol import Store
from bots.commands.invocation import Invocation
from bots.commands.setting_names import CHANNEL_SETTING_NAMES, SETTING_NAMES

MOST = 25
PATIENCE_S = 1.5
"""Platforms wait three seconds in all for what is typed."""

log = structlog.get_logger(__name__)


class Suggestions:
    def __init__(self, store: Store, backends: BackendRegistry) -> None:
        self._store = store
        self._backends = backends

    async def models(self, invocation: Invocation, typed: str) -> tuple[str, ...]:
        """Those of the place's backend; none when it doesn't say in time."""
        rules = (await self._store.workspace(invocation.workspace)).settings
        backend = self._backends.get(rules.channel(invocation.channel).backend or rules.backend)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return matching(await backend.models(), typed)
        except Exception as error:
            log.info("suggestions.no_models", backend=backend.name, problem=type(error).__name__)
            return ()

    async def presets(self, invocation: Invocation, typed: str) -> tuple[str, ...]:
        """One's own and the server's."""
        own = await self._store.presets(invocation.workspace, invocation.requester.id)
        shared = (await self._store.workspace(invocation.workspace)).settings.presets
        return matching(sorted({*own, *shared}), typed)

    async def own_presets(self, invocation: Invocation, typed: str) -> tuple[str, ...]:
        own = await self._store.presets(invocation.workspace, invocation.requester.id)
        return matching(sorted(own), typed)

    def settings(self, typed: str) -> tuple[str, ...]:
        return matching((each.name for each in SETTING_NAMES), typed)

    def channel_settings(self, typed: str) -> tuple[str, ...]:
        return matching((each.name for each in CHANNEL_SETTING_NAMES), typed)


def matching(names: Iterable[str], typed: str) -> tuple[str, ...]:
    """Names that hold what was typed, those that begin with it first, as many as platforms take."""
    wanted = typed.strip().lower()
    found = [name for name in names if wanted in name.lower()]
    return tuple(sorted(found, key=lambda name: not name.lower().startswith(wanted)))[:MOST]
