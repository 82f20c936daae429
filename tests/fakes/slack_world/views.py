"""Views: modals on a person's screen, and the Home tab."""

from __future__ import annotations

import secrets
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.messages import elements

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Workspace
    from tests.fakes.slack_world.world import World


@dataclass(eq=False)
class View:
    world: World
    id: str
    user: User
    content: dict[str, Any]
    root: View | None = None
    previous: View | None = None
    state: dict[str, dict[str, Any]] = field(default_factory=dict)
    hash: str = ""
    open: bool = True

    @property
    def workspace(self) -> Workspace:
        return self.user.workspace

    @property
    def is_home(self) -> bool:
        return bool(self.content["type"] == "home")

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.content["blocks"])

    @property
    def title(self) -> str:
        return str(self.content.get("title", {}).get("text", ""))

    @property
    def private_metadata(self) -> str:
        return str(self.content.get("private_metadata", ""))

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [each for each in elements(self.blocks) if each["type"] == "button"]

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Input blocks, in order."""
        return [each for each in self.blocks if each["type"] == "input"]

    def show(self, content: dict[str, Any]) -> None:
        """New content; what was typed stays where block_id and action_id are the same."""
        self.content = deepcopy(content)
        self.hash = f"{int(self.world.clock.now())}.{secrets.token_hex(4)}"
        for number, block in enumerate(self.content["blocks"]):
            block.setdefault("block_id", f"v{number}{self.id[-4:]}")
        known = {(each["block_id"], each["action_id"]) for each in elements(self.blocks)}
        for block_id, values in list(self.state.items()):
            self.state[block_id] = {key: value for key, value in values.items() if (block_id, key) in known}
        self.world.changes.announce()

    def payload(self) -> dict[str, Any]:
        shown = self.content
        return {
            "id": self.id,
            "team_id": self.user.workspace.id,
            "type": shown["type"],
            "blocks": self.blocks,
            "private_metadata": shown.get("private_metadata", ""),
            "callback_id": shown.get("callback_id", ""),
            "state": {"values": {key: value for key, value in self.state.items() if value}},
            "hash": self.hash,
            "title": shown.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": shown.get("clear_on_close", False),
            "notify_on_close": shown.get("notify_on_close", False),
            "close": shown.get("close"),
            "submit": shown.get("submit"),
            "previous_view_id": self.previous.id if self.previous else None,
            "root_view_id": (self.root or self).id,
            "app_id": self.world.app.id,
            "external_id": shown.get("external_id", ""),
            "app_installed_team_id": self.user.workspace.id,
            "bot_id": self.user.workspace.bot.bot_id,
        }


def show_new(user: User, content: dict[str, Any], previous: View | None = None) -> View:
    view = View(
        user.world, user.world.mint("V"), user, content, previous.root or previous if previous else None, previous
    )
    user.world.views[view.id] = view
    view.show(content)
    return view


def top_modal(user: User) -> View | None:
    shown = [each for each in user.world.views.values() if each.user is user and each.open and not each.is_home]
    return shown[-1] if shown else None


def home_of(user: User) -> View | None:
    return next((each for each in user.world.views.values() if each.user is user and each.is_home), None)
