"""Files: on their way up, shared, and for the bot to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Workspace


@dataclass(eq=False)
class File:
    workspace: Workspace
    id: str
    name: str
    owner: User
    expected: int
    """Its length as announced."""
    content: bytes | None = None
    title: str = ""
    complete: bool = False
    deleted: bool = False
    snippet_type: str = ""
    mimetype: str = "text/plain"

    @property
    def text(self) -> str:
        return (self.content or b"").decode("utf-8")

    @property
    def url(self) -> str:
        return f"{self.workspace.world.url}/files-pri/{self.workspace.id}-{self.id}/{self.name}"

    @property
    def upload_url(self) -> str:
        return f"{self.workspace.world.url}/upload/v1/{self.id}"

    def payload(self) -> dict[str, Any]:
        kind = self.name.rpartition(".")[2] if "." in self.name else "text"
        return {
            "id": self.id,
            "created": 1700000000,
            "timestamp": 1700000000,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": "text" if kind == "txt" else kind,
            "pretty_type": "Plain Text",
            "user": self.owner.id,
            "user_team": self.workspace.id,
            "editable": False,
            "size": len(self.content or b""),
            "mode": "snippet" if self.mimetype == "text/plain" else "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": self.url,
            "url_private_download": f"{self.url}?download=1",
            "permalink": f"{self.workspace.world.url}/files/{self.owner.id}/{self.id}/{self.name}",
            "has_rich_preview": False,
            "file_access": "visible",
        }
