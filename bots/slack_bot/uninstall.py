"""The end in a workspace: everything of it is stopped and erased."""

from __future__ import annotations

import structlog

from bots.busy import Busy
from bots.core import Core
from bots.slack_bot.workspaces import Workspaces, workspace_of

UNDER_WAY_S = 120.0
"""How long what people did just before may still take: Slack's answers can be slow, and rate limits longer."""

log = structlog.get_logger(__name__)


class Uninstall:
    def __init__(self, core: Core, workspaces: Workspaces, busy: Busy) -> None:
        self._core = core
        self._workspaces = workspaces
        self._busy = busy

    async def erase(self, team: str, told_at: float) -> None:
        """Harmless when it was done before: Slack tells of an uninstallation twice. What is told late, when the
        workspace has installed the bot again, is no longer so.
        """
        if await self._is_back(team, told_at):
            log.info("slack.installed_again", team=team)
            return
        await self._workspaces.delete(team)
        erased = await self._core.forget_workspace(workspace_of(team))
        log.info("slack.uninstalled", team=team, requests=erased)
        await self._erase_late_comers(team, told_at)

    async def _erase_late_comers(self, team: str, told_at: float) -> None:
        """What was under way may have been written down after everything was erased."""
        await self._busy.until_idle(UNDER_WAY_S, team)
        if not await self._is_back(team, told_at):
            await self._core.forget_workspace(workspace_of(team))

    async def _is_back(self, team: str, told_at: float) -> bool:
        installed = await self._workspaces.find(team)
        return installed is not None and installed.since > told_at
