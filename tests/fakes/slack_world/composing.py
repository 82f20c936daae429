"""What Slack's client makes of what a person types."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.slack_world.workspaces import Workspace

URL = re.compile(r"https?://[^\s<>]+")
NAMED = re.compile(r"(?<!\w)([@#])([\w.-]+)")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def linked(text: str, workspace: Workspace, *, with_names: bool = False) -> str:
    """Escaped, with URLs marked, and people and channels by their ids as if picked from the list."""
    marked = URL.sub(lambda match: f"<{match[0]}>", escaped(text))

    def tag(match: re.Match[str]) -> str:
        sign, name = match.groups()
        if sign == "@":
            user = next((each for each in workspace.users.values() if name in (each.name, each.handle)), None)
            return f"<@{user.id}{f'|{user.handle}' if with_names else ''}>" if user else match[0]
        channel = next((each for each in workspace.channels.values() if each.name == name), None)
        return f"<#{channel.id}|{channel.name if with_names else ''}>" if channel else match[0]

    return NAMED.sub(tag, marked)
