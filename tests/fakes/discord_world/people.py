"""Users, and what they are in a guild."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.acting import Actor
from tests.fakes.discord_world.clock import iso
from tests.fakes.discord_world.permissions import channel_permissions, guild_permissions

if TYPE_CHECKING:
    from tests.fakes.discord_world.guilds import Guild
    from tests.fakes.discord_world.places import Channel, Role
    from tests.fakes.discord_world.world import World


@dataclass(eq=False)
class User(Actor):
    world: World
    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    accepts_messages: bool = True
    """Whether the bot may write to this user directly."""

    @property
    def user(self) -> User:
        return self

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def resolved(self) -> dict[str, dict[str, Any]]:
        return {"users": self.payload()}

    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "global_name": None if self.bot else self.name,
            "discriminator": "0000" if self.bot else "0",
            "avatar": None,
            "banner": None,
            "accent_color": None,
            "avatar_decoration_data": None,
            "collectibles": None,
            "primary_guild": None,
            "public_flags": 0,
            "flags": 0,
            "bot": self.bot,
            "system": False,
        }


@dataclass(eq=False)
class Member(Actor):
    guild: Guild
    account: User
    roles: list[Role] = field(default_factory=list)
    joined_at: float = 0.0

    @property
    def user(self) -> User:
        return self.account

    @property
    def world(self) -> World:
        return self.account.world

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def mention(self) -> str:
        return self.account.mention

    @property
    def permissions(self) -> int:
        return guild_permissions(self)

    def permissions_in(self, channel: Channel) -> int:
        return channel_permissions(self, channel)

    def resolved(self) -> dict[str, dict[str, Any]]:
        permissions = {"permissions": str(int(self.permissions))}
        return {"users": self.account.payload(), "members": self.payload(with_user=False) | permissions}

    def give(self, *roles: Role) -> None:
        self.roles += [role for role in roles if role not in self.roles]
        self.world.emit("GUILD_MEMBER_UPDATE", self.payload() | {"guild_id": str(self.guild.id)}, self.guild)

    def take(self, *roles: Role) -> None:
        self.roles = [role for role in self.roles if role not in roles]
        self.world.emit("GUILD_MEMBER_UPDATE", self.payload() | {"guild_id": str(self.guild.id)}, self.guild)

    def payload(self, *, with_user: bool = True) -> dict[str, Any]:
        body: dict[str, Any] = {
            "roles": [str(role.id) for role in self.roles],
            "joined_at": iso(self.joined_at),
            "nick": None,
            "avatar": None,
            "banner": None,
            "premium_since": None,
            "communication_disabled_until": None,
            "pending": False,
            "flags": 0,
            "deaf": False,
            "mute": False,
        }
        return body | {"user": self.account.payload()} if with_user else body


def named(people: Iterable[Member], name: str) -> Member:
    return next(each for each in people if each.name == name)
