"""The application's commands, as Discord stores them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord_world.failures import Refused

CHAT_INPUT, ON_USER, ON_MESSAGE = 1, 2, 3
MOST = {CHAT_INPUT: 100, ON_USER: 15, ON_MESSAGE: 15}


@dataclass
class CommandRegistry:
    """By guild id, None for the global ones."""

    stored: dict[int | None, dict[int, dict[str, Any]]] = field(default_factory=dict)
    writes: int = 0
    """Requests that changed or could have changed them: a start without a sync adds nothing."""
    reads: int = 0

    def all(self, guild_id: int | None = None) -> list[dict[str, Any]]:
        return list(self.stored.get(guild_id, {}).values())

    def visible_in(self, guild_id: int | None) -> Iterator[dict[str, Any]]:
        """A guild's own commands come before global ones of the same name."""
        if guild_id is not None:
            yield from self.all(guild_id)
        yield from self.all()

    def find(self, guild_id: int | None, name: str, kind: int) -> dict[str, Any]:
        for command in self.visible_in(guild_id):
            if command["name"] == name and command["type"] == kind:
                return command
        known = ", ".join(sorted(each["name"] for each in self.visible_in(guild_id))) or "none"
        raise LookupError(f"the bot has registered no command “{name}” (it has: {known})")

    def get(self, guild_id: int | None, number: int) -> dict[str, Any]:
        try:
            return self.stored.get(guild_id, {})[number]
        except KeyError:
            raise Refused(10063) from None

    def replace(self, guild_id: int | None, commands: dict[int, dict[str, Any]]) -> None:
        for kind, most in MOST.items():
            if sum(each["type"] == kind for each in commands.values()) > most:
                raise Refused(30032)
        self.stored[guild_id] = commands

    def twin(self, guild_id: int | None, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """The one of this name and type, which a new one takes the place of."""
        key = (body["name"], body.get("type", CHAT_INPUT))
        return next((each for each in self.all(guild_id) if (each["name"], each["type"]) == key), None)
