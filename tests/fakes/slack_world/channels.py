"""Channels of all kinds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Workspace
    from tests.fakes.slack_world.world import World


class Kind(Enum):
    """By the names the API uses in `types`."""

    PUBLIC = "public_channel"
    PRIVATE = "private_channel"
    DIRECT = "im"

    @property
    def reading_scope(self) -> str:
        return {"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read"}[self.value]


@dataclass(eq=False)
class Channel:
    workspace: Workspace
    id: str
    kind: Kind
    name: str
    archived: bool = False
    members: list[User] = field(default_factory=list)
    posted: list[Message] = field(default_factory=list)
    """Deleted and ephemeral messages too."""
    read_only: bool = False
    """Whether only admins may post."""

    @property
    def world(self) -> World:
        return self.workspace.world

    @property
    def messages(self) -> list[Message]:
        """What everybody in it sees, replies in threads too."""
        return [each for each in self.posted if not each.deleted and not each.ephemeral]

    @property
    def roots(self) -> list[Message]:
        """Without the replies in threads."""
        return [each for each in self.messages if each.thread_ts in (None, each.ts)]

    @property
    def has_bot(self) -> bool:
        return self.workspace.has_bot and self.workspace.bot in self.members

    def find(self, ts: str) -> Message | None:
        return next((each for each in self.messages if each.ts == ts), None)

    def seen_by(self, user: User) -> bool:
        return user in self.members or (self.kind is Kind.PUBLIC and not user.guest)

    def archive(self) -> None:
        self.archived = True

    def payload(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id,
            "created": 1700000000,
            "is_archived": self.archived,
            "is_im": self.kind is Kind.DIRECT,
            "is_org_shared": False,
            "context_team_id": self.workspace.id,
            "updated": 1700000000000,
        }
        if self.kind is Kind.DIRECT:
            user = next((each for each in self.members if not each.is_bot), None)
            return body | {"user": user.id if user else "", "is_user_deleted": False, "priority": 0}
        return body | self._named() | {"is_member": self.has_bot}

    def _named(self) -> dict[str, Any]:
        topic = {"value": "", "creator": "", "last_set": 0}
        return {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind is Kind.PUBLIC,
            "is_group": False,
            "is_mpim": False,
            "is_private": self.kind is Kind.PRIVATE,
            "is_general": self.name == "general",
            "is_shared": False,
            "is_ext_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "unlinked": 0,
            "creator": "USLACKBOT",
            "topic": topic,
            "purpose": topic,
            "previous_names": [],
        }
