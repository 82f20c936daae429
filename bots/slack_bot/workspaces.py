"""The workspaces the bot may act in: the one of its token, or those where it was installed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from backends.store.protocol import Store
from bots.slack_bot.api import SlackApi
from config.errors import NotFound
from config.workspace import WorkspaceRef


@dataclass(frozen=True, slots=True)
class Installed:
    """What it takes to act in one workspace."""

    team: str
    team_name: str
    token: str
    bot_user: str
    bot_id: str
    since: float = 0.0
    """When it was installed, in seconds since 1970; 0 for the settings' own token."""

    def write(self) -> str:
        return json.dumps(asdict(self))


def workspace_of(team: str) -> WorkspaceRef:
    return WorkspaceRef("slack", team)


class Workspaces:
    def __init__(self, store: Store, api_url: str) -> None:
        self._store = store
        self._api_url = api_url
        self._own: Installed | None = None
        self._apis: dict[str, SlackApi] = {}

    def settle(self, installed: Installed) -> None:
        """There is this one workspace only: that of the token in the settings."""
        self._own = installed

    async def find(self, team: str) -> Installed | None:
        if self._own is not None:
            return self._own if self._own.team == team else None
        kept = await self._store.installation(workspace_of(team))
        return None if kept is None else Installed(**json.loads(kept))

    async def save(self, installed: Installed) -> None:
        await self._store.save_installation(workspace_of(installed.team), installed.write())

    async def delete(self, team: str) -> None:
        self._apis.pop(team, None)
        await self._store.delete_installation(workspace_of(team))

    async def api(self, team: str) -> SlackApi:
        """Raises NotFound where the bot isn't installed."""
        installed = await self.find(team)
        if installed is None:
            raise NotFound("Inkling isn't installed in this workspace any more.")
        known = self._apis.get(team)
        if known is None or known.token != installed.token:
            known = self._apis[team] = SlackApi(installed.token, self._api_url, installed.bot_user)
        return known
