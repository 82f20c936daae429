"""One thing a person did that the bot must answer, and the answers it got."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.people import Member, User
    from tests.fakes.discord_world.places import Channel
    from tests.fakes.discord_world.world import World

FIRST_ANSWER_S = 3.0
TOKEN_S = 15 * 60.0


class Asked(IntEnum):
    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Ack(IntEnum):
    PONG = 1
    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False)
class Modal:
    interaction: Interaction
    data: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.data["title"])

    @property
    def custom_id(self) -> str:
        return str(self.data["custom_id"])

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The fields by custom_id, each with its `label`; `value` is what it is prefilled with."""
        found = {}
        for row in self.data["components"]:
            for part in [row["component"]] if "component" in row else row.get("components", []):
                found[part["custom_id"]] = part | {"label": row.get("label", part.get("label", ""))}
        return found


@dataclass(eq=False)
class Interaction:
    world: World
    id: int
    token: str
    kind: Asked
    user: User
    member: Member | None
    channel: Channel
    data: dict[str, Any]
    created_at: float
    source: Message | None = None
    """The message whose component was used, or from which the modal was opened."""
    parent: Interaction | None = None
    """What opened the modal that this one submits."""
    user_installed: bool = False
    ack: Ack | None = None
    ack_seconds: float | None = None
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Modal | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    failed: str = ""
    """Why the person saw an error of Discord's own."""

    @property
    def over(self) -> bool:
        """Answered, or beyond being answered."""
        return self.ack is not None or bool(self.failed)

    @property
    def age_s(self) -> float:
        return self.world.clock.now() - self.created_at

    def metadata(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": str(self.id),
            "type": int(self.kind),
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners(),
        }
        if self.kind is Asked.COMPONENT and self.source:
            body["interacted_message_id"] = str(self.source.id)
        if self.kind is Asked.MODAL and self.parent:
            body["triggering_interaction_metadata"] = self.parent.metadata()
        if self.kind is Asked.COMMAND and "target_id" in self.data:
            body["target_message_id"] = self.data["target_id"]
        return body

    def owners(self) -> dict[str, str]:
        if self.user_installed:
            return {"1": str(self.user.id)}
        return {"0": str(self.channel.guild.id) if self.channel.guild else "0"}

    def payload(self) -> dict[str, Any]:
        """As INTERACTION_CREATE and the interactions endpoint have it."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "application_id": str(self.world.bot.id),
            "type": int(self.kind),
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(self.channel.id),
            "channel": self.channel.payload() | {"permissions": self._permissions()},
            "locale": self.user.locale,
            "entitlements": [],
            "authorizing_integration_owners": self.owners(),
            "app_permissions": str(int(self.world.permissions_of(self.world.bot, self.channel))),
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if self.source:
            body["message"] = self.source.payload()
        return body | self._place()

    def _permissions(self) -> str:
        return str(int(self.world.permissions_of(self.user, self.channel)))

    def _place(self) -> dict[str, Any]:
        guild = self.channel.guild
        if guild is None or self.member is None:
            return {"user": self.user.payload(), "context": 1}
        return {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            "guild_locale": "en-US",
            "member": self.member.payload() | {"permissions": self._permissions()},
            "context": 0,
        }
