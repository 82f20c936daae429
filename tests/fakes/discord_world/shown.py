"""What a person sees of the bot's answer to one interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.discord_world.interactions import Ack, Interaction, Modal
    from tests.fakes.discord_world.messages import Message


@dataclass(frozen=True, eq=False)
class Shown:
    """It goes on changing while the bot works."""

    interaction: Interaction

    @property
    def ack(self) -> Ack:
        assert self.interaction.ack is not None
        return self.interaction.ack

    @property
    def ack_seconds(self) -> float:
        assert self.interaction.ack_seconds is not None
        return self.interaction.ack_seconds

    @property
    def ephemeral(self) -> bool:
        return self.interaction.ephemeral

    @property
    def message(self) -> Message:
        """The original response: for a component, the message it sits on if that was updated."""
        assert self.interaction.original is not None, "the answer was no message"
        return self.interaction.original

    @property
    def text(self) -> str:
        return self.message.content

    @property
    def loading(self) -> bool:
        return self.message.loading

    @property
    def modal(self) -> Modal:
        assert self.interaction.modal is not None, "the answer was no modal"
        return self.interaction.modal

    @property
    def choices(self) -> list[str]:
        return [str(each["name"]) for each in self.interaction.choices]

    @property
    def followups(self) -> list[Message]:
        return self.interaction.followups
