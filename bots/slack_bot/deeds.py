"""What somebody did on Slack, whichever way it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """`id` is the same when Slack tells of it again."""

    id: str
    team: str
    channel: str
    user: str
    name: str = ""
    """As the payload has it; users.info knows better."""
    thread: str | None = None
    """Where it was done, if in a thread."""
    message: str | None = None
    """The message it was done to."""
    response_url: str | None = None
    trigger: str = ""
    ephemeral: bool = False
    """Whether that message is shown to this person alone."""
    chosen: str = ""
    """What was chosen, if it was done to a menu."""

    def remembered(self) -> str:
        """What a form must know of how it came to be opened."""
        kept = {"channel": self.channel, "thread": self.thread, "response_url": self.response_url}
        return json.dumps(kept)


def of_command(body: Payload) -> Deed:
    return Deed(
        f"command {body['trigger_id']}",
        body["team_id"],
        body["channel_id"],
        body["user_id"],
        body.get("user_name", ""),
        response_url=body.get("response_url"),
        trigger=body["trigger_id"],
    )


def of_action(body: Payload) -> Deed:
    """A button in a message or in a view."""
    container, message = body.get("container", {}), body.get("message") or {}
    action = body["actions"][0]
    return replace(
        _of_interaction(body, f"action {body['user']['id']} {action['action_id']} {action['action_ts']}"),
        thread=container.get("thread_ts") or message.get("thread_ts"),
        message=container.get("message_ts"),
        response_url=body.get("response_url"),
        ephemeral=bool(container.get("is_ephemeral")),
        chosen=(action.get("selected_option") or {}).get("value", ""),
    )


def of_shortcut(body: Payload) -> Deed:
    """On a message; what comes of it belongs in that message's thread."""
    message = body["message"]
    return replace(
        _of_interaction(body, f"shortcut {body['trigger_id']}"),
        thread=message.get("thread_ts") or message["ts"],
        message=message["ts"],
        response_url=body.get("response_url"),
    )


def of_submission(body: Payload) -> Deed:
    """A form is taken once, however often it is sent."""
    kept = json.loads(body["view"].get("private_metadata") or "{}")
    return replace(
        _of_interaction(body, f"view {body['view']['id']}"),
        channel=kept.get("channel", ""),
        thread=kept.get("thread"),
        response_url=kept.get("response_url"),
    )


def of_event(body: Payload) -> Deed:
    event = body["event"]
    item = event.get("item", {})
    return Deed(
        f"event {body['event_id']}",
        _installed_team(body) or body["team_id"],
        item.get("channel") or event.get("channel", ""),
        event["user"],
        thread=event.get("thread_ts"),
        message=item.get("ts") or event.get("ts"),
    )


def _of_interaction(body: Payload, its_id: str) -> Deed:
    user = body["user"]
    channel = (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id", "")
    return Deed(
        its_id,
        _installed_team(body) or (body.get("team") or {}).get("id") or user["team_id"],
        channel,
        user["id"],
        user.get("name") or user.get("username", ""),
        trigger=body.get("trigger_id", ""),
    )


def _installed_team(body: Payload) -> str | None:
    """Where workspaces share a channel, what is told is of the one that installed the bot, which is the one that Bolt
    authorizes, and not of the one that whoever did it is from.
    """
    given = [(body.get("view") or {}).get("app_installed_team_id")]
    given += [each.get("team_id") for each in body.get("authorizations") or ()][:1]
    return next(filter(None, given), None)
