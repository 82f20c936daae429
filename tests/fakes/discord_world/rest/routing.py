"""Which handler answers which method and path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.world import World


@dataclass(frozen=True)
class Upload:
    filename: str
    content: bytes
    content_type: str


@dataclass
class Call:
    """One request, taken apart."""

    world: World
    method: str
    path: str
    route: Route
    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    uploads: dict[int, Upload] = field(default_factory=dict)
    authorized: bool = False

    def number(self, name: str) -> int:
        """Ids that are not numbers name nothing."""
        return int(self.ids[name]) if self.ids[name].isdecimal() else 0

    @property
    def bot(self) -> User:
        return self.world.bot

    def frown(self, reason: str) -> None:
        self.world.violated(self.method, self.path, reason)


@dataclass(frozen=True)
class Answer:
    payload: Any = None
    status: int = 200


NOTHING = Answer(None, 204)
Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    handler: Handler
    pattern: re.Pattern[str]
    by_token: bool
    """Its token in the path is all the authorization it needs."""

    @property
    def key(self) -> str:
        return f"{self.method} {self.template}"


ROUTES: list[Route] = []


def route(method: str, template: str, *, by_token: bool = False) -> Callable[[Handler], Handler]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "$")

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, handler, pattern, by_token))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """`@original` and `@me` stand before ids, because their routes are registered first."""
    for each in ROUTES:
        if each.method == method and (match := each.pattern.match(path)):
            return each, match.groupdict()
    return None


def methods_of(path: str) -> set[str]:
    return {each.method for each in ROUTES if each.pattern.match(path)}
