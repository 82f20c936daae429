"""Guilds: who is in one, what is in it, and how a gateway client first sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.people import Member, User
from tests.fakes.discord_world.places import Channel, Kind, Overwrite, Role, Thread

if TYPE_CHECKING:
    from tests.fakes.discord_world.world import World


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

    def remove_bot(self) -> None:
        self.world.remove_bot(self)

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
        return _DEFAULTS | {
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


def found(world: World, name: str, *, has_bot: bool, bot_permissions: int, everyone: int) -> Guild:
    """A guild with @everyone, an owner and perhaps the bot, whose permissions come as a role of its own."""
    owner = world.add_user(f"{name} owner")
    guild = Guild(world, world.clock.snowflake_for(len(world.guilds)), name, owner, has_bot)
    guild.roles[guild.id] = Role(guild, guild.id, "@everyone", int(everyone), 0)
    guild.members[owner.id] = Member(guild, owner, [], world.clock.now())
    if has_bot:
        roles = []
        if bot_permissions:
            roles.append(Role(guild, world.clock.snowflake(), world.bot.name, int(bot_permissions), 1))
            guild.roles[roles[0].id] = roles[0]
        guild.members[world.bot.id] = Member(guild, world.bot, roles, world.clock.now())
    return guild


_DEFAULTS: dict[str, Any] = {
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
    "home_header": None,
    "region": "deprecated",
    "widget_enabled": False,
    "widget_channel_id": None,
    "max_presences": None,
    "max_members": 500_000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "nsfw": False,
    "incidents_data": None,
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
