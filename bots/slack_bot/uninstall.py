"""The end in a workspace: everything of it is stopped and erased."""

from __future__ import annotations

import structlog

from bots.core import Core
from bots.slack_bot.workspaces import Workspaces, workspace_of

log = structlog.get_logger(__name__)


class Uninstall:
    def __init__(self, core: Core, workspaces: Workspaces) -> None:
        self._core = core
        self._workspaces = workspaces

    async def erase(self, team: str, told_at: float) -> None:
        """Harmless when it was done before: Slack tells of an uninstallation twice. What is told late, when the
        workspace has installed the bot again, is no longer so.
        """
        installed = await self._workspaces.find(team)
        if installed is not None and installed.since > told_at:
            log.info("slack.installed_again", team=team)
            return
        await self._workspaces.delete(team)
        erased = await self._core.forget_workspace(workspace_of(team))
        log.info("slack.uninstalled", team=team, requests=erased)
