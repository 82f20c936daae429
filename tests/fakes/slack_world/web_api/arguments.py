"""Reading a call's arguments, which come as a query, a form or JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.slack_world.web_api.refusals import Refused, invalid

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.calls import Call, Method, Payload

STRUCTURES = {"blocks", "attachments", "metadata", "view", "chunks", "files", "loading_messages", "file_ids"}
FLAGS = {
    "as_user",
    "exclude_archived",
    "include_all_metadata",
    "include_locale",
    "include_num_members",
    "inclusive",
    "link_names",
    "mrkdwn",
    "prevent_creation",
    "reply_broadcast",
    "return_im",
    "unfurl_links",
    "unfurl_media",
}
WRONG_STRUCTURE = {"blocks": "invalid_blocks_format", "metadata": "invalid_metadata_format", "chunks": "invalid_chunks"}


async def read(request: web.Request) -> tuple[Payload, bool]:
    """The arguments as sent, and whether they came as JSON."""
    arguments: Payload = dict(request.query)
    if request.content_type == "application/json":
        try:
            held = json.loads(await request.read() or b"{}")
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(held, dict):
            raise Refused("json_not_object")
        return arguments | held, True
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return arguments | dict(await request.post()), False
    if request.can_read_body and await request.read():
        raise Refused("invalid_post_type")
    return arguments, False


def decode(call: Call) -> None:
    """Structures may come as JSON in a string, flags as words."""
    for name, value in list(call.arguments.items()):
        if name in STRUCTURES and isinstance(value, str):
            call.arguments[name] = _structure(name, value)
        elif name in FLAGS and isinstance(value, str):
            call.arguments[name] = value.lower() in ("true", "1")
        elif value is None:
            del call.arguments[name]


def _structure(name: str, text: str) -> Any:
    if name == "file_ids" and not text.startswith("["):
        return text.split(",")
    try:
        return json.loads(text) if text else None
    except ValueError:
        raise Refused(WRONG_STRUCTURE.get(name, "invalid_arguments")) from None


def check(call: Call) -> None:
    """Unknown ones pass Slack in silence, so a misspelt one does nothing: that is told."""
    for name in call.arguments:
        # bolt gives team_id to its clients, which send it with every call.
        if name not in call.method.takes and name != "team_id":
            call.violated(f"/{name}", "unknown argument")
    missing = [name for name in call.method.needs if call.arguments.get(name) is None]
    if missing:
        call.violated("", f"missing {', '.join(missing)}")
        raise invalid("invalid_arguments", [f"[ERROR] missing required field: {name}" for name in missing])


def ignore_json(method: Method, arguments: Payload) -> Payload:
    """Of a method that does not read JSON: Slack sees no arguments at all."""
    return {"token": arguments["token"]} if "token" in arguments else {}
