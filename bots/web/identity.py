"""Who is on the page: one person, this machine's own, and programs that call /generate."""

from __future__ import annotations

import re

from bots.commands.invocation import Invocation, Requester
from config.errors import InvalidOptions
from config.workspace import WorkspaceRef

WORKSPACE = WorkspaceRef("web", "local")
YOU = Requester("local", "you", is_admin=True)
PROGRAM = Requester("api", "api")
FIRST_CHANNEL = "general"
API_CHANNEL = "api"
_CHANNEL = re.compile(r"[\w-]{1,40}")


def page_invocation(channel: str, event_id: str = "", private: bool = False) -> Invocation:
    return Invocation(event_id, WORKSPACE, channel, YOU, private)


def check_channel(name: str) -> str:
    """The name itself when a channel can have it."""
    if _CHANNEL.fullmatch(name) is None:
        raise InvalidOptions("A channel's name is 1 to 40 letters, digits, - or _.", "channel")
    return name
