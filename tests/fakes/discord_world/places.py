"""Roles, channels and threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.discord_world.clock import iso
from tests.fakes.discord_world.people import Member, User

if TYPE_CHECKING:
    from tests.fakes.discord_world.guilds import Guild
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

    def change(self, permissions: int) -> None:
        self.permissions = int(permissions)
        data = {"guild_id": str(self.guild.id), "role": self.payload()}
        self.guild.world.emit("GUILD_ROLE_UPDATE", data, self.guild)

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

    def remove(self) -> None:
        """As an administrator does it; its threads go with it."""
        self.world.remove_channel(self)

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
    active_at: float = 0.0
    sent: int = 0
    """Messages but the one it started from; deleting does not lower it."""

    def take(self, message: Message) -> None:
        super().take(message)
        self.sent += 1
        self.active_at = self.world.clock.now()

    @property
    def idle(self) -> bool:
        """For so long that Discord archives it."""
        since = max(self.active_at, self.created_at)
        return not self.archived and self.world.clock.now() - since > self.auto_archive_minutes * 60

    def reopen(self) -> None:
        self.archived, self.active_at = False, self.world.clock.now()

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
