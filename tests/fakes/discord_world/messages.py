"""Messages as Discord keeps and shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.clock import iso

if TYPE_CHECKING:
    from tests.fakes.discord_world.interactions import Interaction
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.places import Channel, Thread

CROSSPOSTED, SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING = 1 << 0, 1 << 2, 1 << 5, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 12, 1 << 15
DEFAULT, REPLY, SLASH, CONTEXT_MENU = 0, 19, 20, 23
SELECTS = (3, 5, 6, 7, 8)


@dataclass(eq=False)
class Attachment:
    id: int
    filename: str
    content: bytes
    content_type: str
    url: str
    description: str | None = None

    def payload(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": str(self.id),
            "filename": self.filename,
            "size": len(self.content),
            "url": self.url,
            "proxy_url": self.url,
            "content_type": self.content_type,
        }
        return body | {"description": self.description} if self.description else body


@dataclass(eq=False)
class Message:
    channel: Channel
    id: int
    author: User
    content: str = ""
    kind: int = DEFAULT
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reference: dict[str, Any] | None = None
    nonce: str | int | None = None
    created_at: float = 0.0
    edited_at: float | None = None
    deleted: bool = False
    pinged: list[str] = field(default_factory=list)
    """Mentions that notified somebody: "@everyone", "<@1>", "<@&2>"."""
    reactions: dict[str, list[User]] = field(default_factory=dict)
    thread: Thread | None = None
    interaction: Interaction | None = None
    """The one this message answers."""
    past: list[str] = field(default_factory=list)
    """The contents it had before, one per edit."""
    late_edits: int = 0

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """The platform's own "is thinking…" after a deferred answer."""
        return bool(self.flags & LOADING)

    @property
    def link(self) -> str:
        guild = self.channel.guild.id if self.channel.guild else "@me"
        return f"https://discord.com/channels/{guild}/{self.channel.id}/{self.id}"

    def parts(self) -> Iterator[dict[str, Any]]:
        """Every component at any depth."""
        yield from walk(self.components)

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [part for part in self.parts() if part["type"] == 2]

    @property
    def selects(self) -> list[dict[str, Any]]:
        return [part for part in self.parts() if part["type"] in SELECTS]

    def file(self, filename: str) -> bytes:
        return next(each.content for each in self.attachments if each.filename == filename)

    def payload(self, *, readable: bool = True, with_reference: bool = True) -> dict[str, Any]:
        """Without the message content intent, others' messages come empty."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "channel_id": str(self.channel.id),
            "type": self.kind,
            "author": self.author.payload(),
            "content": self.content if readable else "",
            "embeds": self.embeds if readable else [],
            "components": self.components if readable else [],
            "attachments": [each.payload() for each in self.attachments] if readable else [],
            "timestamp": iso(self.created_at),
            "edited_timestamp": iso(self.edited_at) if self.edited_at else None,
            "flags": self.flags,
            "pinned": False,
            "tts": False,
            "mention_everyone": "@everyone" in self.pinged or "@here" in self.pinged,
            "mentions": self._mentioned_users(),
            "mention_roles": [each.strip("<@&>") for each in self.pinged if each.startswith("<@&")],
        }
        return body | self._optional(with_reference)

    def _optional(self, with_reference: bool) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.reactions:
            body["reactions"] = [self._reaction(*each) for each in self.reactions.items()]
        if self.thread:
            body["thread"] = self.thread.payload()
        if self.reference:
            body["message_reference"] = self.reference
            if with_reference:
                body["referenced_message"] = self._referenced()
        if self.interaction:
            body["application_id"] = body["webhook_id"] = str(self.interaction.world.bot.id)
            body["interaction_metadata"] = self.interaction.metadata()
        return body

    def _referenced(self) -> dict[str, Any] | None:
        assert self.reference is not None
        target = self.channel.held.get(int(self.reference["message_id"]))
        if target is None and self.channel.parent:
            target = self.channel.parent.held.get(int(self.reference["message_id"]))
        return target.payload(with_reference=False) if target else None

    def _mentioned_users(self) -> list[dict[str, Any]]:
        ids = [int(each[2:-1]) for each in self.pinged if each.startswith("<@") and not each.startswith("<@&")]
        users = self.author.world.users
        return [users[each].payload() for each in ids if each in users]

    def _reaction(self, emoji: str, users: list[User]) -> dict[str, Any]:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me_burst": False,
            "me": self.author.world.bot in users,
        }


def emoji_payload(emoji: str) -> dict[str, Any]:
    """Custom ones are written name:id, as in Discord's routes."""
    name, _, number = emoji.partition(":")
    return {"id": number or None, "name": name}


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in components:
        yield part
        inner = [part[key] for key in ("component", "accessory") if key in part]
        yield from walk([*part.get("components", []), *inner])
