"""Events: what the bot hears of, as far as it subscribed and may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import post
from tests.fakes.slack_world.channels import Kind as ChannelKind
from tests.fakes.slack_world.deliveries import Delivery, Kind

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.views import View
    from tests.fakes.slack_world.workspaces import Installation, Workspace

SCOPES = {
    "app_mention": "app_mentions:read",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "member_joined_channel": "channels:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
}
MESSAGES_IN = {
    ChannelKind.PUBLIC: ("message.channels", "channel"),
    ChannelKind.PRIVATE: ("message.groups", "group"),
    ChannelKind.DIRECT: ("message.im", "im"),
}


def posted(message: Message) -> None:
    channel, bot = message.channel, message.workspace.installation and message.workspace.bot
    if bot is None or bot not in channel.members:
        return
    event, channel_type = MESSAGES_IN[channel.kind]
    told = message.payload() | {"channel": channel.id, "event_ts": message.ts}
    if message.files:
        told = {key: value for key, value in told.items() if key not in ("team", "client_msg_id")}
        told |= {"subtype": "file_share", "upload": False, "display_as_bot": False}
    if _hears(channel.workspace, event):
        _emit(channel.workspace, told | {"channel_type": channel_type}, channel)
    mentioned = bot.tag in message.text and message.author is not bot and channel.kind is not ChannelKind.DIRECT
    if mentioned and _hears(channel.workspace, "app_mention"):
        _emit(channel.workspace, told | {"type": "app_mention"}, channel)


def changed(message: Message, previous: dict[str, Any]) -> None:
    """Also of the bot's own edits: bolt does not know these for its own."""
    told = {"subtype": "message_changed", "message": message.payload(), "previous_message": previous}
    _hidden(message, told)


def deleted(message: Message, previous: dict[str, Any]) -> None:
    _hidden(message, {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": previous})


def _hidden(message: Message, told: dict[str, Any]) -> None:
    event, channel_type = MESSAGES_IN[message.channel.kind]
    if not message.channel.has_bot or message.ephemeral or not _hears(message.workspace, event):
        return
    ts = message.channel.world.clock.ts()
    where = {"type": "message", "hidden": True, "channel": message.channel.id, "channel_type": channel_type}
    _emit(message.workspace, where | {"ts": ts, "event_ts": ts} | told, message.channel)


def joined(channel: Channel, user: User, inviter: User | None = None) -> None:
    channel.world.changes.announce()
    if not channel.has_bot or not _hears(channel.workspace, "member_joined_channel"):
        return
    kind = "G" if channel.kind is ChannelKind.PRIVATE else "C"
    told = {"type": "member_joined_channel", "user": user.id, "channel": channel.id, "channel_type": kind}
    told |= {"team": channel.workspace.id, "event_ts": channel.world.clock.ts()}
    _emit(channel.workspace, told | ({"inviter": inviter.id} if inviter else {}), channel)


def reacted(message: Message, user: User, name: str, event: str) -> None:
    message.channel.world.changes.announce()
    if not message.channel.has_bot or not _hears(message.workspace, event):
        return
    item = {"type": "message", "channel": message.channel.id, "ts": message.ts}
    told = {"type": event, "user": user.id, "reaction": name, "item": item, "item_user": message.author.id}
    _emit(message.workspace, told | {"event_ts": message.channel.world.clock.ts()}, message.channel)


def home_opened(user: User, channel: Channel, view: View | None, tab: str = "home") -> Delivery | None:
    told: dict[str, Any] = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": tab}
    told["event_ts"] = user.world.clock.ts()
    if view is not None:
        told |= {"view": view.payload()}
    return _emit(user.workspace, told) if _hears(user.workspace, "app_home_opened") else None


def uninstalled(installation: Installation) -> None:
    """Both come, in no promised order."""
    revoked(installation)
    if _subscribed(installation.workspace, "app_uninstalled"):
        _emit(installation.workspace, {"type": "app_uninstalled"})


def revoked(installation: Installation) -> None:
    if _subscribed(installation.workspace, "tokens_revoked"):
        told = {"oauth": [], "bot": [installation.bot.id]}
        _emit(installation.workspace, {"type": "tokens_revoked", "tokens": told})


def _subscribed(workspace: Workspace, event: str) -> bool:
    return event in workspace.world.app.events


def _hears(workspace: Workspace, event: str) -> bool:
    if not workspace.has_bot or workspace.installation is None or not _subscribed(workspace, event):
        return False
    return event not in SCOPES or SCOPES[event] in workspace.installation.scopes


def _emit(workspace: Workspace, event: dict[str, Any], channel: Channel | None = None) -> Delivery:
    world = workspace.world
    where = f"-{channel.id}" if channel else ""
    payload = {
        "token": world.app.verification_token,
        "team_id": workspace.id,
        "api_app_id": world.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": world.mint("Ev"),
        "event_time": int(world.clock.now()),
        "authorizations": _authorizations(workspace),
        "is_ext_shared_channel": False,
        "event_context": f"4-{event['type']}-{workspace.id}{where}",
    }
    delivery = Delivery(workspace, Kind.EVENT, payload)
    post.send(world, delivery)
    return delivery


def _authorizations(workspace: Workspace) -> list[dict[str, Any]]:
    about = {"enterprise_id": None, "team_id": workspace.id, "is_bot": True, "is_enterprise_install": False}
    return [about | {"user_id": workspace.bot.id}]
