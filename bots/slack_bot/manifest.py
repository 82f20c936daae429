"""The app as Slack's page for new apps takes it: commands, events and exactly the scopes that are used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bots.commands.help import COMMANDS

EVENTS_PATH, REDIRECT_PATH = "/slack/events", "/slack/oauth_redirect"
COMPLETE_THIS = "inkling-complete-this"
SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hear @Inkling in threads",
    "channels:join": "join a public channel where /complete is used",
    "chat:write": "post and edit results",
    "commands": "/complete and its kin, and the shortcut",
    "files:write": "long results as files",
    "im:history": "hear what is said in direct messages",
    "im:write": "private results in direct messages",
    "reactions:read": "hear 🔁 on a result",
    "reactions:write": "offer 🔁 under a result",
    "users:read": "names, and who is an admin",
}
EVENTS = ("app_home_opened", "app_mention", "app_uninstalled", "message.im", "reaction_added", "tokens_revoked")
_PLAIN_ESCAPES = ("config",)
"""Commands in whose text Slack is to write people and channels by their ids."""


def make_manifest(url: str | None = None, socket: bool = False) -> dict[str, Any]:
    """For calls by HTTP to Inkling at this address; without one, or with `socket`, for Socket Mode. With an address
    any workspace can install it.
    """
    base = url.rstrip("/") if url is not None else None
    is_called = base is not None and not socket
    called: dict[str, Any] = {"request_url": f"{base}{EVENTS_PATH}"} if is_called else {}
    menus: dict[str, Any] = {"message_menu_options_url": f"{base}{EVENTS_PATH}"} if is_called else {}
    redirect: dict[str, Any] = {"redirect_urls": [f"{base}{REDIRECT_PATH}"]} if base is not None else {}
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": "Inkling",
            "description": "Finishes people's text, on your own hardware.",
            "background_color": "#26324a",
        },
        "features": _features(called.get("request_url")),
        "oauth_config": {**redirect, "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**called, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **called, **menus},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not is_called,
            "token_rotation_enabled": False,
        },
    }


def _features(url: str | None) -> dict[str, Any]:
    return {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "Inkling", "always_online": True},
        "shortcuts": [
            {
                "name": "Complete this message",
                "type": "message",
                "callback_id": COMPLETE_THIS,
                "description": "Finish this message's text in its thread.",
            }
        ],
        "slash_commands": [_command(each.name, each.summary, each.usage, url) for each in COMMANDS],
    }


def command_name(name: str) -> str:
    """Names are everybody's on Slack, so all of ours begin alike."""
    return "/complete" if name == "complete" else f"/complete-{name}"


def _command(name: str, summary: str, usage: str, url: str | None) -> dict[str, Any]:
    command: dict[str, Any] = {"command": command_name(name), "description": summary}
    if usage:
        command["usage_hint"] = usage
    if url is not None:
        command["url"] = url
    return {**command, "should_escape": name in _PLAIN_ESCAPES}


def write_manifest(url: str | None = None, socket: bool = False) -> str:
    """As YAML."""
    return "\n".join(_lines(make_manifest(url, socket))) + "\n"


def _lines(node: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            yield from (line for each in value for line in _item(each, indent + "  "))
        else:
            yield f"{indent}{key}: {_scalar(value)}"


def _item(value: Any, indent: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{indent}- {_scalar(value)}"
        return
    first, *rest = _lines(value, indent + "  ")
    yield f"{indent}- {first.strip()}"
    yield from rest


def _scalar(value: Any) -> str:
    """JSON's are YAML's too."""
    return json.dumps(value, ensure_ascii=False)
