"""Tells Discord which commands there are, when it doesn't know already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import structlog
from discord.app_commands import CommandTree

_COMPARED: Mapping[str, Any] = {
    "type": 1,
    "name": "",
    "description": "",
    "options": [],
    "required": False,
    "choices": [],
    "channel_types": [],
    "autocomplete": False,
    "min_value": None,
    "max_value": None,
    "min_length": None,
    "max_length": None,
    "default_member_permissions": None,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
}
"""What a command is, and what Discord takes for it when it is left out."""

log = structlog.get_logger(__name__)


async def sync_commands(tree: CommandTree[Any]) -> bool:
    """Replace Discord's commands by the tree's, unless they are the same; returns whether it did."""
    application = tree.client.application_id
    assert application is not None, "log in first"
    ours = cast(Sequence[Mapping[str, Any]], [command.to_dict(tree) for command in tree.get_commands()])
    theirs = cast(Sequence[Mapping[str, Any]], await tree.client.http.get_global_commands(application))
    if _comparable(ours) == _comparable(theirs):
        return False
    await tree.sync()
    log.info("discord.commands_synced", commands=len(ours))
    return True


def _comparable(commands: Sequence[Mapping[str, Any]]) -> dict[tuple[int, str], Any]:
    """By type and name: their order at Discord says nothing."""
    return {(command.get("type", 1), command["name"]): _normal(command) for command in commands}


def _normal(node: Mapping[str, Any]) -> dict[str, Any]:
    """Without what Discord adds, and with what it leaves out."""
    normal: dict[str, Any] = {
        name: node.get(name) if node.get(name) is not None else default for name, default in _COMPARED.items()
    }
    normal["options"] = [_normal(option) for option in normal["options"]]
    normal["contexts"] = sorted(normal["contexts"]) if normal["contexts"] is not None else None
    permissions = normal["default_member_permissions"]
    normal["default_member_permissions"] = None if permissions is None else str(permissions)
    return normal
