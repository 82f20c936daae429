"""Methods of the Web API, and one call of one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.rules.problems import Problems
from tests.fakes.slack_world.web_api.refusals import Refused

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Installation, Workspace
    from tests.fakes.slack_world.world import World

Payload = dict[str, Any]
Handler = Callable[["Call"], Payload]


@dataclass(frozen=True)
class Method:
    name: str
    handler: Handler
    takes: frozenset[str]
    needs: tuple[str, ...]
    scopes: tuple[str, ...]
    """Any one of them is enough."""
    tier: str
    json: bool
    token: str
    """bot, app or none."""


METHODS: dict[str, Method] = {}


def method(
    name: str,
    tier: str,
    *,
    takes: str = "",
    needs: str = "",
    scopes: str = "",
    json: bool = True,
    token: str = "bot",
) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        required = tuple(needs.split())
        known = frozenset(takes.split()) | set(required) | ({"token"} if token != "none" else set())
        METHODS[name] = Method(name, handler, known, required, tuple(scopes.split()), tier, json, token)
        return handler

    return register


@dataclass(eq=False)
class Call:
    world: World
    method: Method
    arguments: Payload
    as_json: bool = False
    installation: Installation | None = None
    authorization: str = ""
    """The header as it came."""
    warnings: list[str] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)

    @property
    def workspace(self) -> Workspace:
        assert self.installation is not None
        return self.installation.workspace

    @property
    def bot(self) -> User:
        assert self.installation is not None
        return self.installation.bot

    def get(self, name: str, default: Any = None) -> Any:
        value = self.arguments.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        return str(self.get(name, ""))

    def needs_scope(self, *scopes: str) -> None:
        assert self.installation is not None
        if scopes and not set(scopes) & set(self.installation.scopes):
            raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(self.installation.scopes))

    def has_scope(self, scope: str) -> bool:
        return self.installation is not None and scope in self.installation.scopes

    def user(self, name: str = "user") -> User:
        found = self.workspace.users.get(self.text(name))
        if found is None:
            raise Refused("user_not_found")
        return found

    def channel(self, name: str = "channel") -> Channel:
        """One that the bot can see: private ones only as a member."""
        found = self.workspace.channels.get(self.text(name))
        if found is None or (found.kind.value != "public_channel" and self.bot not in found.members):
            raise Refused("channel_not_found")
        return found

    def violated(self, path: str, reason: str) -> None:
        self.world.violated(self.method.name, path, reason)
