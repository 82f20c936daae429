"""Everything there is in the fake, and what it noticed about the bot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.fakes.slack_world.changes import Changes
from tests.fakes.slack_world.clock import Clock

if TYPE_CHECKING:
    from tests.fakes.slack_world.application import Application
    from tests.fakes.slack_world.deliveries import Delivery, Trigger
    from tests.fakes.slack_world.files import File
    from tests.fakes.slack_world.installing import Grant
    from tests.fakes.slack_world.mentions import Ping
    from tests.fakes.slack_world.response_urls import ResponseUrl
    from tests.fakes.slack_world.views import View
    from tests.fakes.slack_world.workspaces import Installation, Workspace


class Carrier(Protocol):
    """Brings a delivery to the bot, by Socket Mode or by HTTP."""

    def carry(self, delivery: Delivery) -> None: ...


@dataclass(frozen=True)
class Violation:
    """Something the bot sent that Slack's documents forbid, or that Inkling must not do."""

    method: str
    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.reason}" if self.path else f"{self.method}: {self.reason}"


class World:
    def __init__(self, app: Application) -> None:
        self.app = app
        self.clock = Clock()
        self.changes = Changes()
        self.url = ""
        self.workspaces: dict[str, Workspace] = {}
        self.installations: dict[str, Installation] = {}
        """By token, those that no longer hold too."""
        self.deliveries: list[Delivery] = []
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.views: dict[str, View] = {}
        self.files: dict[str, File] = {}
        self.grants: dict[str, Grant] = {}
        """By the code that OAuth gave out for the bot to exchange."""
        self.violations: list[Violation] = []
        self.pings: list[Ping] = []
        self.ack_seconds: list[float] = []
        self.carrier: Carrier | None = None
        self.socket_url: Callable[[], str] = lambda: ""
        self._minted = 0

    def mint(self, kind: str) -> str:
        """A new id, of which the first letter says what it names."""
        self._minted += 1
        return f"{kind}0FAKE{self._minted:05d}"

    def violated(self, method: str, path: str, reason: str) -> None:
        self.violations.append(Violation(method, path, reason))
        self.changes.announce()
