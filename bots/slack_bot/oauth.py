"""Installation in any workspace, by Bolt's flow on our store."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from backends.store.protocol import Store
from bots.slack_bot.api import make_client
from bots.slack_bot.endpoint import INSTALL
from bots.slack_bot.manifest import REDIRECT_PATH, SCOPES
from bots.slack_bot.workspaces import Installed, Workspaces
from config.settings import SlackSettings

STATE_LASTS = timedelta(minutes=10)

_log = logging.getLogger("slack_bolt")


class InstallationStore(AsyncInstallationStore):
    """One bot per workspace; installations in a whole organisation aren't taken."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    @property
    def logger(self) -> logging.Logger:
        return _log

    async def async_save(self, installation: Installation) -> None:
        team, token = installation.team_id, installation.bot_token
        if team is None or token is None or installation.is_enterprise_install:
            raise BoltError("Inkling is installed in workspaces one by one, not in a whole organisation.")
        await self._workspaces.save(
            Installed(
                team,
                installation.team_name or "",
                token,
                installation.bot_user_id or "",
                installation.bot_id or "",
                float(int(installation.installed_at)),
            )
        )

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        installed = await self._workspaces.find(team_id or "")
        if installed is None:
            return None
        return Bot(
            team_id=installed.team,
            team_name=installed.team_name,
            bot_token=installed.token,
            bot_id=installed.bot_id,
            bot_user_id=installed.bot_user,
            installed_at=installed.since,
        )

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        await self._workspaces.delete(team_id or "")


class StateStore(AsyncOAuthStateStore):
    """The word that proves that an installation ends where it began; it holds once, for ten minutes."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    @property
    def logger(self) -> logging.Logger:
        return _log

    async def async_issue(self, *given: Any, **named: Any) -> str:
        state = secrets.token_urlsafe(24)
        await self._store.save_install_state(state, self._now() + STATE_LASTS)
        return state

    async def async_consume(self, state: str) -> bool:
        return await self._store.take_install_state(state, self._now())


def make_flow(settings: SlackSettings, store: Store, workspaces: Workspaces) -> AsyncOAuthFlow:
    assert settings.client_id is not None
    assert settings.client_secret is not None
    return AsyncOAuthFlow(
        client=make_client(settings.api_url, None, []),
        logger=_log,
        settings=AsyncOAuthSettings(
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            scopes=list(SCOPES),
            user_scopes=[],
            install_path=INSTALL,
            redirect_uri_path=REDIRECT_PATH,
            installation_store=InstallationStore(workspaces),
            installation_store_bot_only=True,
            state_store=StateStore(store),
            logger=_log,
        ),
    )
