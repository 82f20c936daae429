"""What Slack brings to the bot: commands, interactions and events, and how the bot took them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.clock import Alarm
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.response_urls import ResponseUrl
    from tests.fakes.slack_world.views import View
    from tests.fakes.slack_world.workspaces import Workspace

ACK_S = 3.0
TRIGGER_S = 3.0
# Seconds before the first, second and third retry of an event.
RETRY_AFTER_S = (0.0, 60.0, 300.0)


class Kind(Enum):
    """By the names of Socket Mode's envelopes."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(eq=False)
class Trigger:
    """Lets one view be opened, for a moment."""

    id: str
    user: User
    expires_at: float
    delivery: Delivery | None = None
    used: bool = False


@dataclass(eq=False)
class Delivery:
    workspace: Workspace
    kind: Kind
    payload: dict[str, Any]
    source: Message | View | None = None
    response_url: ResponseUrl | None = None
    trigger: Trigger | None = None
    attempts: int = 0
    retry_reason: str = ""
    sent_at: float = 0.0
    ack_seconds: float | None = None
    ack_payload: dict[str, Any] = field(default_factory=dict)
    failed: str = ""
    acks: int = 0
    """More than one where it was delivered again."""
    opened: list[View] = field(default_factory=list)
    deadline: Alarm | None = None
    gives_up: bool = False

    @property
    def acked(self) -> bool:
        return self.ack_seconds is not None

    @property
    def over(self) -> bool:
        return self.acked or bool(self.failed)

    @property
    def event(self) -> dict[str, Any]:
        held: dict[str, Any] = self.payload.get("event", {})
        return held

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id", ""))

    @property
    def name(self) -> str:
        """For people to read."""
        return str(self.event.get("type") or self.payload.get("command") or self.payload.get("type"))


def trigger_for(user: User) -> Trigger:
    world = user.world
    named = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
    trigger = Trigger(named, user, world.clock.now() + TRIGGER_S)
    world.triggers[named] = trigger
    return trigger
