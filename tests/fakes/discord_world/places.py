"""Guilds, roles, channels and threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.discord_world.clock import iso
from tests.fakes.discord_world.people import Member, User
from tests.fakes.discord_world.permissions import EVERYONE

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.world import World


class Kind(IntEnum):
    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15
    MEDIA = 16


THREADS = (Kind.ANNOUNCEMENT_THREAD, Kind.PUBLIC_THREAD, Kind.PRIVATE_THREAD)
THREAD_ONLY = (Kind.FORUM, Kind.MEDIA)


class Overwrite(NamedTuple):
    allow: int = 0
    deny: int = 0
    of_member: bool = False


@dataclass(eq=False)
class Role:
    guild: Guild
    id: int
    name: str
    permissions: int = 0
    position: int = 1

    @property
    def mention(self) -> str:
        return "@everyone" if self.id == self.guild.id else f"<@&{self.id}>"

    def resolved(self) -> dict[str, dict[str, Any]]:
        return {"roles": self.payload()}

    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "description": None,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "icon": None,
            "unicode_emoji": None,
            "position": self.position,
            "permissions": str(int(self.permissions)),
            "managed": False,
            "mentionable": False,
            "flags": 0,
        }


@dataclass(eq=False)
class Channel:
    world: World
    id: int
    kind: Kind
    name: str = ""
    guild: Guild | None = None
    parent: Channel | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipient: User | None = None
    topic: str | None = None
    slowmode_s: int = 0
    held: dict[int, Message] = field(default_factory=dict)
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        return self.kind in THREADS

    @property
    def messages(self) -> list[Message]:
        """What everybody in the channel sees, oldest first."""
        return list(self.held.values())

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def threads(self) -> list[Thread]:
        held = self.guild.threads.values() if self.guild else ()
        return [thread for thread in held if thread.parent is self]

    def take(self, message: Message) -> None:
        self.held[message.id] = message
        self.last_message_id = message.id

    def resolved(self) -> dict[str, dict[str, Any]]:
        return {"channels": self.payload() | {"permissions": "0"}}

    def overwrite(self, whom: Role | Member, *, allow: int = 0, deny: int = 0) -> None:
        self.overwrites[whom.id] = Overwrite(int(allow), int(deny), isinstance(whom, Member))
        if self.guild:
            self.world.emit("CHANNEL_UPDATE", self.payload(), self.guild)

    def payload(self) -> dict[str, Any]:
        last = str(self.last_message_id) if self.last_message_id else None
        body: dict[str, Any] = {"id": str(self.id), "type": int(self.kind), "flags": 0, "last_message_id": last}
        if self.guild is None:
            return body | {"recipients": [self.recipient.payload()] if self.recipient else []}
        body |= {"guild_id": str(self.guild.id), "name": self.name, "rate_limit_per_user": self.slowmode_s}
        parent = str(self.parent.id) if self.parent else None
        return body | {"parent_id": parent} | self._own_fields()

    def _own_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "position": 0,
            "topic": self.topic,
            "nsfw": False,
            "permission_overwrites": [
                {"id": str(each), "type": int(what.of_member), "allow": str(what.allow), "deny": str(what.deny)}
                for each, what in self.overwrites.items()
            ],
        }
        if self.kind in THREAD_ONLY:
            fields |= {"available_tags": [], "default_reaction_emoji": None, "default_sort_order": None}
        if self.kind is Kind.VOICE:
            fields |= {"bitrate": 64000, "user_limit": 0, "rtc_region": None}
        return fields


@dataclass(eq=False)
class Thread(Channel):
    owner_id: int = 0
    created_at: float = 0.0
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    invitable: bool = True
    members: set[int] = field(default_factory=set)
    sent: int = 0
    """Messages but the one it started from; deleting does not lower it."""

    def take(self, message: Message) -> None:
        super().take(message)
        self.sent += 1

    def archive(self, *, locked: bool = False) -> None:
        self.archived, self.locked = True, locked
        self.announce()

    def announce(self, event: str = "THREAD_UPDATE") -> None:
        assert self.guild is not None
        created = {"newly_created": True} if event == "THREAD_CREATE" else {}
        self.world.emit(event, self.payload() | created, self.guild)

    def _own_fields(self) -> dict[str, Any]:
        since = iso(self.created_at)
        metadata: dict[str, Any] = {
            "archived": self.archived,
            "archive_timestamp": since,
            "auto_archive_duration": self.auto_archive_minutes,
            "locked": self.locked,
            "create_timestamp": since,
        }
        if self.kind is Kind.PRIVATE_THREAD:
            metadata["invitable"] = self.invitable
        fields = {
            "owner_id": str(self.owner_id),
            "thread_metadata": metadata,
            "message_count": sum(each != self.id for each in self.held),
            "member_count": len(self.members),
            "total_message_sent": self.sent,
        }
        bot = self.world.bot.id
        if bot in self.members:
            fields["member"] = {"id": str(self.id), "user_id": str(bot), "join_timestamp": since, "flags": 0}
        return fields


@dataclass(eq=False)
class Guild:
    world: World
    id: int
    name: str
    owner: User
    has_bot: bool = True
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Thread] = field(default_factory=dict)
    opened_commands: set[str] = field(default_factory=set)

    def open_command(self, name: str) -> None:
        """As administrators can in the server's settings: everybody is offered it, whatever the bot asked for."""
        self.opened_commands.add(name)

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def me(self) -> Member:
        return self.members[self.world.bot.id]

    def add_role(self, name: str, permissions: int = 0) -> Role:
        role = Role(self, self.world.clock.snowflake(), name, int(permissions), len(self.roles))
        self.roles[role.id] = role
        self.world.emit("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": role.payload()}, self)
        return role

    def add_member(self, who: str | User, permissions: int = 0, roles: tuple[Role, ...] = ()) -> Member:
        """`permissions` come as a role of the member's own, on top of @everyone's."""
        user = self.world.add_user(who) if isinstance(who, str) else who
        own = (self.add_role(f"{user.name}'s", permissions),) if permissions else ()
        member = Member(self, user, [*roles, *own], self.world.clock.now())
        self.members[user.id] = member
        self.world.emit("GUILD_MEMBER_ADD", member.payload() | {"guild_id": str(self.id)}, self)
        return member

    def add_channel(
        self,
        name: str = "general",
        kind: Kind = Kind.TEXT,
        overwrites: Mapping[Role | Member, tuple[int, int]] | None = None,
        topic: str | None = None,
    ) -> Channel:
        """`overwrites` are (allow, deny) by role or member."""
        given = {
            whom.id: Overwrite(int(allow), int(deny), isinstance(whom, Member))
            for whom, (allow, deny) in (overwrites or {}).items()
        }
        channel = Channel(self.world, self.world.clock.snowflake(), kind, name, self, overwrites=given, topic=topic)
        self.channels[channel.id] = self.world.channels[channel.id] = channel
        self.world.emit("CHANNEL_CREATE", channel.payload(), self)
        return channel

    def payload(self) -> dict[str, Any]:
        """As GUILD_CREATE has it for a bot without privileged intents: its own member only."""
        mine = self.me.payload()
        return _GUILD_DEFAULTS | {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "joined_at": mine["joined_at"],
            "member_count": len(self.members),
            "members": [mine],
            "roles": [role.payload() for role in self.roles.values()],
            "channels": [channel.payload() for channel in self.channels.values()],
            "threads": [thread.payload() for thread in self.threads.values() if not thread.archived],
        }


def found(world: World, name: str, *, has_bot: bool = True, bot_permissions: int | None = None) -> Guild:
    """A guild with @everyone, an owner and, unless `has_bot` is false, the bot."""
    owner = world.add_user(f"{name} owner")
    guild = Guild(world, world.clock.snowflake(), name, owner, has_bot)
    guild.roles[guild.id] = Role(guild, guild.id, "@everyone", int(EVERYONE), 0)
    guild.members[owner.id] = Member(guild, owner, [], world.clock.now())
    if has_bot:
        roles = []
        if bot_permissions is not None:
            roles.append(Role(guild, world.clock.snowflake(), world.bot.name, int(bot_permissions), 1))
            guild.roles[roles[0].id] = roles[0]
        guild.members[world.bot.id] = Member(guild, world.bot, roles, world.clock.now())
    return guild


_GUILD_DEFAULTS: dict[str, Any] = {
    "unavailable": False,
    "large": False,
    "icon": None,
    "splash": None,
    "discovery_splash": None,
    "banner": None,
    "description": None,
    "vanity_url_code": None,
    "afk_channel_id": None,
    "afk_timeout": 300,
    "application_id": None,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "rules_channel_id": None,
    "public_updates_channel_id": None,
    "safety_alerts_channel_id": None,
    "verification_level": 1,
    "default_message_notifications": 1,
    "explicit_content_filter": 0,
    "mfa_level": 0,
    "nsfw_level": 0,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "premium_progress_bar_enabled": False,
    "preferred_locale": "en-US",
    "features": [],
    "emojis": [],
    "stickers": [],
    "voice_states": [],
    "presences": [],
    "stage_instances": [],
    "guild_scheduled_events": [],
    "soundboard_sounds": [],
}
