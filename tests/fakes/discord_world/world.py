"""Everything there is in the fake, and how news of it gets out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.fakes.discord_world.changes import Changes
from tests.fakes.discord_world.clock import Clock
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.interactions import Interaction
from tests.fakes.discord_world.messages import Attachment, Message
from tests.fakes.discord_world.people import Member, User
from tests.fakes.discord_world.permissions import ALL, DIRECT_MESSAGE
from tests.fakes.discord_world.places import Channel, Kind, Thread

if TYPE_CHECKING:
    from tests.fakes.discord_world.command_registry import CommandRegistry


class Carrier(Protocol):
    """Brings an interaction to the bot, by the gateway or by HTTP."""

    def deliver(self, interaction: Interaction) -> None: ...


class Listener(Protocol):
    def dispatch(self, event: str, data: dict[str, Any], guild: Guild | None) -> None: ...


@dataclass(frozen=True)
class Violation:
    """Something the bot sent that Discord's documents forbid, or that Inkling must not do."""

    method: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.reason}"


class World:
    def __init__(self, commands: CommandRegistry) -> None:
        self.clock = Clock()
        self.changes = Changes()
        self.commands = commands
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.interactions: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self.files: dict[str, Attachment] = {}
        self.listeners: list[Listener] = []
        self.carrier: Carrier | None = None
        self.violations: list[Violation] = []
        self.pings: list[tuple[Message, str]] = []
        """What the bot's messages notified of."""
        self.url = ""
        self.public_key = "0" * 64
        self.interactions_endpoint: str | None = None
        self.shards = 1
        """How many /gateway/bot recommends."""
        self.active_threads = 1000
        """How many a guild may have."""
        self.token = f"{secrets.token_hex(12)}.{secrets.token_hex(3)}.{secrets.token_hex(14)}"
        self.bot = self.add_user("Inkling", bot=True)

    def emit(self, event: str, data: dict[str, Any], guild: Guild | None) -> None:
        for listener in self.listeners:
            listener.dispatch(event, data, guild)
        self.changes.announce()

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(self, self.clock.snowflake(), name, bot)
        self.users[user.id] = user
        return user

    def direct_channel(self, user: User) -> Channel:
        """The one between this user and the bot."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self, self.clock.snowflake(), Kind.DM, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def permissions_of(self, user: User, channel: Channel) -> int:
        if channel.guild is None:
            return int(DIRECT_MESSAGE) if user in (channel.recipient, self.bot) else 0
        member: Member | None = channel.guild.members.get(user.id)
        if member is None:
            return 0
        if channel.kind is Kind.PRIVATE_THREAD and isinstance(channel, Thread) and user.id not in channel.members:
            held = member.permissions_in(channel)
            return held if held == ALL or held & (1 << 34) else 0
        return member.permissions_in(channel)

    @property
    def gateway_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/gateway"

    def may_read(self, message: Message) -> bool:
        """Without the content intent: the bot's own, what mentions it, and what is written to it directly."""
        return message.author is self.bot or self.bot.mention in message.content or message.channel.guild is None

    def archive_idle_threads(self) -> None:
        for guild in self.guilds.values():
            for thread in list(guild.threads.values()):
                if thread.idle:
                    thread.archive()

    def remove_channel(self, channel: Channel) -> None:
        self.channels.pop(channel.id, None)
        if channel.guild is None:
            return
        for thread in channel.threads:
            self.remove_channel(thread)
        channel.guild.channels.pop(channel.id, None)
        channel.guild.threads.pop(channel.id, None)
        self.emit("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel.payload(), channel.guild)

    def remove_bot(self, guild: Guild) -> None:
        """As when it is kicked; the guild itself goes on."""
        self.emit("GUILD_DELETE", {"id": str(guild.id)}, guild)
        guild.has_bot = False
        guild.members.pop(self.bot.id, None)

    def by_token(self, token: str) -> Interaction | None:
        return self._by_token.get(token)

    def begin(self, interaction: Interaction) -> None:
        self.interactions[interaction.id] = self._by_token[interaction.token] = interaction
        if self.carrier is not None:
            self.carrier.deliver(interaction)
        self.changes.announce()

    def keep_file(self, filename: str, content: bytes, content_type: str, description: str | None = None) -> Attachment:
        number = self.clock.snowflake()
        path = f"attachments/{number}/{filename}"
        attachment = Attachment(number, filename, content, content_type, f"{self.url}/{path}", description)
        self.files[f"{number}/{filename}"] = attachment
        return attachment

    def violated(self, method: str, path: str, reason: str) -> None:
        self.violations.append(Violation(method, path, reason))
