"""What a person gets back from something they did: it goes on changing while the bot works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.reading import visible_text

if TYPE_CHECKING:
    from tests.fakes.slack_world.deliveries import Delivery
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.views import View


@dataclass(frozen=True, eq=False)
class Shown:
    delivery: Delivery

    @property
    def ack_seconds(self) -> float:
        assert self.delivery.ack_seconds is not None
        return self.delivery.ack_seconds

    @property
    def ack_payload(self) -> dict[str, Any]:
        return self.delivery.ack_payload

    @property
    def messages(self) -> list[Message]:
        """From the ack and the response_url, in order; what chat.postMessage made is in the channel."""
        return self.delivery.response_url.messages if self.delivery.response_url else []

    @property
    def message(self) -> Message | None:
        return next(iter(self.messages), None)

    @property
    def text(self) -> str:
        """All of it, as read."""
        return "\n".join(visible_text(each) for each in self.messages if not each.deleted)

    @property
    def view(self) -> View | None:
        """The view that this opened, or that answered a submission."""
        return next(iter(self.delivery.opened), None)

    @property
    def errors(self) -> dict[str, str]:
        """At a modal's fields, by block_id."""
        held: dict[str, str] = self.ack_payload.get("errors", {})
        return held
