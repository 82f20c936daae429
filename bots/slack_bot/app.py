"""Bolt's app, wired to the core."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bots.busy import Busy
from bots.core import Core
from bots.slack_bot.acts import Acts
from bots.slack_bot.api import make_client
from bots.slack_bot.commands import Commands
from bots.slack_bot.front import SlackFront
from bots.slack_bot.home import Home
from bots.slack_bot.listeners import Listeners
from bots.slack_bot.mentions import Mentions
from bots.slack_bot.people import People
from bots.slack_bot.reactions import Reactions
from bots.slack_bot.takedown import Takedown
from bots.slack_bot.telling import Telling
from bots.slack_bot.uninstall import Uninstall
from bots.slack_bot.workspaces import Workspaces
from bots.slack_bot.writing import Writing
from config.settings import SlackSettings

NOT_INSTALLED = "Inkling isn't installed in this workspace; an admin can install it anew."


def make_app(core: Core, settings: SlackSettings, workspaces: Workspaces, front: SlackFront, busy: Busy) -> AsyncApp:
    """Registers the front with the core: make it before `core.start`."""
    core.register("slack", front)
    secret = settings.signing_secret.get_secret_value() if settings.signing_secret is not None else ""
    app = AsyncApp(
        name="inkling",
        logger=logging.getLogger("slack_bolt"),
        client=make_client(settings.api_url, None, []),
        signing_secret=secret,
        authorize=_authorize(workspaces),
        user_facing_authorize_error_message=NOT_INSTALLED,
    )
    _listeners(core, settings, workspaces, front, busy).listen(app)
    return app


def _authorize(workspaces: Workspaces) -> Callable[..., Awaitable[Any]]:
    """Bolt goes by the names of the parameters; its type knows no workspace without the bot."""

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """From what we know: asking Slack for each event would make acknowledgements late."""
        installed = await workspaces.find(team_id or "")
        if installed is None:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=installed.team,
            bot_token=installed.token,
            bot_id=installed.bot_id,
            bot_user_id=installed.bot_user,
        )

    return authorize


def _listeners(core: Core, settings: SlackSettings, workspaces: Workspaces, front: SlackFront, busy: Busy) -> Listeners:
    people = People(workspaces, settings.admins)
    writing = Writing(core, front, people)
    takedown = Takedown(workspaces, core)
    telling = Telling(core, people)
    acts = Acts(core, writing, takedown, people, workspaces, telling)
    commands = Commands(core, writing, people, workspaces)
    return Listeners(
        workspaces,
        commands,
        acts,
        Mentions(core, writing, acts, commands, people, telling),
        Reactions(core, writing, acts, takedown, people),
        Home(core, people, workspaces),
        writing,
        telling,
        Uninstall(core, workspaces, busy),
        busy,
    )
