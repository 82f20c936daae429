"""What people do with Discord's client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world import offering, posting
from tests.fakes.discord_world.asking import NotPossible, ask
from tests.fakes.discord_world.command_registry import CHAT_INPUT, ON_MESSAGE
from tests.fakes.discord_world.forms import selected, submitted
from tests.fakes.discord_world.interactions import Asked
from tests.fakes.discord_world.options import command_data, command_head, partial_data
from tests.fakes.discord_world.shown import Shown

if TYPE_CHECKING:
    from tests.fakes.discord_world.interactions import Modal
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.places import Channel


class Actor:
    """A user or a member."""

    @property
    def user(self) -> User:
        raise NotImplementedError

    async def slash(self, where: Channel, command: str, /, **given: Any) -> Shown:
        """`command` names subcommands too, as in "config set"; options are checked as Discord's client does."""
        found = self._command(where, command.split()[0], CHAT_INPUT)
        data = command_data(self.user.world, found, command.split()[1:], given)
        return Shown(await ask(Asked.COMMAND, self.user, where, data))

    async def autocomplete(self, where: Channel, command: str, focused: str, typed: str = "", /, **given: Any) -> Shown:
        """`given` are the options already filled in."""
        found = self._command(where, command.split()[0], CHAT_INPUT)
        data = partial_data(self.user.world, found, command.split()[1:], focused, typed, given)
        return Shown(await ask(Asked.AUTOCOMPLETE, self.user, where, data))

    async def context_menu(self, message: Message, command: str) -> Shown:
        found = self._command(message.channel, command, ON_MESSAGE)
        data = command_head(found) | {
            "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): message.payload()}},
        }
        return Shown(await ask(Asked.COMMAND, self.user, message.channel, data))

    async def click(self, message: Message, button: str) -> Shown:
        """By label, by emoji or by custom_id."""
        part = self._component(message, message.buttons, button)
        data = {"custom_id": part["custom_id"], "component_type": 2, "id": part["id"]}
        return Shown(await ask(Asked.COMPONENT, self.user, message.channel, data, message))

    async def select(self, message: Message, menu: str, *chosen: Any) -> Shown:
        """`menu` is the custom_id or the placeholder; chosen are options' values or labels, or people and places."""
        data = selected(self.user.world, self._component(message, message.selects, menu), chosen)
        return Shown(await ask(Asked.COMPONENT, self.user, message.channel, data, message))

    async def submit(self, modal: Modal, values: Mapping[str, Any] | None = None) -> Shown:
        """`values` by custom_id or label; fields not named keep what they were prefilled with."""
        data = submitted(self.user.world, modal, values or {})
        opened_by = modal.interaction
        return Shown(await ask(Asked.MODAL, self.user, opened_by.channel, data, opened_by.source, opened_by))

    async def react(self, message: Message, emoji: str) -> None:
        posting.react(message, self.user, emoji)

    async def unreact(self, message: Message, emoji: str) -> None:
        posting.unreact(message, self.user, emoji)

    async def say(self, where: Channel, content: str) -> Message:
        return posting.post(where, self.user, {"content": content})

    async def delete(self, message: Message) -> None:
        """Whether people may is not checked."""
        posting.remove(message)

    def _command(self, where: Channel, name: str, kind: int) -> dict[str, Any]:
        try:
            command = self.user.world.commands.find(where.guild.id if where.guild else None, name, kind)
        except LookupError as error:
            raise NotPossible(str(error)) from None
        if reason := offering.hindrance(command, self.user, where):
            raise NotPossible(f"{self.user.name} is not offered “{name}”: {reason}")
        return command

    def _component(self, message: Message, parts: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
        if message.ephemeral and message.interaction and message.interaction.user is not self.user:
            raise NotPossible(f"{self.user.name} does not see this message")
        return _component(message, parts, wanted)


def _component(message: Message, parts: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    if message.deleted:
        raise NotPossible("the message was deleted")
    for part in parts:
        if wanted in _names(part):
            if part.get("disabled"):
                raise NotPossible(f"“{wanted}” is disabled")
            if "custom_id" not in part:
                raise NotPossible(f"“{wanted}” is a link")
            return part
    there = ", ".join(repr(part.get("label") or part.get("custom_id")) for part in parts) or "none"
    raise NotPossible(f"the message has no “{wanted}”; it has {there}")


def _names(part: dict[str, Any]) -> set[Any]:
    emoji, label = (part.get("emoji") or {}).get("name"), part.get("label")
    return {part.get("custom_id"), label, emoji, part.get("placeholder"), f"{emoji} {label}"} - {None}
