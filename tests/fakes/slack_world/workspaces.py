"""Workspaces, and the bot's place in each."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import events
from tests.fakes.slack_world.channels import Channel, Kind
from tests.fakes.slack_world.people import User

if TYPE_CHECKING:
    from tests.fakes.slack_world.world import World


@dataclass(eq=False)
class Installation:
    """The app in one workspace; its token works until `refusal` says why not."""

    workspace: Workspace
    token: str
    scopes: tuple[str, ...]
    bot: User
    bot_id: str
    installed_by: User | None = None
    refusal: str = ""

    @property
    def works(self) -> bool:
        return not self.refusal


@dataclass(eq=False)
class Workspace:
    world: World
    id: str
    name: str
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    installation: Installation | None = None
    edit_window_s: float | None = None
    """How long messages can be edited, where the workspace limits it."""

    @property
    def domain(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def bot(self) -> User:
        assert self.installation is not None, f"{self.name} has no bot"
        return self.installation.bot

    @property
    def bot_token(self) -> str:
        assert self.installation is not None, f"{self.name} has no bot"
        return self.installation.token

    @property
    def has_bot(self) -> bool:
        return self.installation is not None and self.installation.works

    def add_user(
        self,
        name: str,
        *,
        admin: bool = False,
        owner: bool = False,
        primary_owner: bool = False,
        guest: bool = False,
        single_channel_guest: bool = False,
    ) -> User:
        """Joins every public channel, unless a guest."""
        user = User(
            self,
            self.world.mint("U"),
            name,
            admin=admin or owner or primary_owner,
            owner=owner or primary_owner,
            primary_owner=primary_owner,
            guest=guest or single_channel_guest,
            single_channel_guest=single_channel_guest,
        )
        self.users[user.id] = user
        if not user.guest:
            for channel in self.channels.values():
                if channel.kind is Kind.PUBLIC:
                    channel.members.append(user)
        return user

    def add_channel(
        self,
        name: str = "general",
        *,
        private: bool = False,
        archived: bool = False,
        bot: bool = True,
        members: Iterable[User] | None = None,
    ) -> Channel:
        """`bot` says whether it is a member; `members` are all there are now, unless named."""
        present = [each for each in self.users.values() if not each.is_bot and not each.guest]
        kind = Kind.PRIVATE if private else Kind.PUBLIC
        channel = Channel(
            self, self.world.mint("C"), kind, name, archived, list(present if members is None else members)
        )
        self.channels[channel.id] = channel
        if bot and self.has_bot:
            channel.members.append(self.bot)
        return channel

    def direct_channel(self, user: User) -> Channel:
        """The one between this user and the bot."""
        for channel in self.channels.values():
            if channel.kind is Kind.DIRECT and user in channel.members and self.bot in channel.members:
                return channel
        channel = Channel(self, self.world.mint("D"), Kind.DIRECT, "directmessage", False, [user, self.bot])
        self.channels[channel.id] = channel
        return channel

    # The bot comes and goes.

    def install(self, scopes: tuple[str, ...] | None = None, by: User | None = None) -> Installation:
        """As with the button on the app's own page; with OAuth, use User.install."""
        old = self.installation
        # Installed once more, an app keeps its token; after it was removed it gets another.
        token = old.token if old is not None and old.works else f"xoxb-{self.id}-{secrets.token_hex(12)}"
        bot, bot_id = (old.bot, old.bot_id) if old else (self._bot_user(), self.world.mint("B"))
        bot.bot_id = bot_id
        self.installation = Installation(self, token, scopes or self.world.app.scopes, bot, bot_id, by)
        self.world.installations[token] = self.installation
        return self.installation

    def uninstall(self) -> None:
        """The token stops working at once; the bot is told by events."""
        installation = self.installation
        assert installation is not None, f"{self.name} has no bot"
        installation.refusal = "account_inactive"
        for channel in self.channels.values():
            channel.members = [each for each in channel.members if each is not installation.bot]
        events.uninstalled(installation)

    def revoke_token(self, refusal: str = "token_revoked") -> None:
        assert self.installation is not None, f"{self.name} has no bot"
        self.installation.refusal = refusal
        events.revoked(self.installation)

    def _bot_user(self) -> User:
        user = User(self, self.world.mint("U"), self.world.app.name, is_bot=True)
        self.users[user.id] = user
        return user

    def payload(self) -> dict[str, Any]:
        return {"id": self.id, "domain": self.domain}
