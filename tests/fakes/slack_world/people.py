"""Users: people, and the bot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.acting import Actor

if TYPE_CHECKING:
    from tests.fakes.slack_world.workspaces import Workspace
    from tests.fakes.slack_world.world import World


@dataclass(eq=False)
class User(Actor):
    workspace: Workspace
    id: str
    name: str
    admin: bool = False
    owner: bool = False
    primary_owner: bool = False
    guest: bool = False
    single_channel_guest: bool = False
    is_bot: bool = False
    bot_id: str | None = None
    deleted: bool = False
    home_team: str = ""
    """Of who is here by a channel shared between workspaces."""

    @property
    def user(self) -> User:
        return self

    @property
    def world(self) -> World:
        return self.workspace.world

    @property
    def handle(self) -> str:
        return self.name.lower().replace(" ", ".")

    @property
    def tag(self) -> str:
        return f"<@{self.id}>"

    def brief(self) -> dict[str, Any]:
        """As interactions tell who acted."""
        return {"id": self.id, "username": self.handle, "name": self.handle, "team_id": self.workspace.id}

    def payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "team_id": self.home_team or self.workspace.id,
            "name": self.handle,
            "deleted": self.deleted,
            "color": "9f69e7",
            "real_name": self.name,
            "tz": "Europe/London",
            "tz_label": "Greenwich Mean Time",
            "tz_offset": 0,
            "profile": self._profile(),
            "is_admin": self.admin,
            "is_owner": self.owner,
            "is_primary_owner": self.primary_owner,
            "is_restricted": self.guest,
            "is_ultra_restricted": self.single_channel_guest,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1700000000,
            "is_email_confirmed": True,
            "who_can_share_contact_card": "EVERYONE",
        }

    def _profile(self) -> dict[str, Any]:
        return {
            "real_name": self.name,
            "real_name_normalized": self.name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "team": self.workspace.id,
        }
