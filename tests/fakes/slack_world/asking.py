"""Bringing what a person did to the bot, and waiting for its ack as the person's client does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import events, post, views
from tests.fakes.slack_world.composing import escaped, linked
from tests.fakes.slack_world.deliveries import ACK_S, Delivery, Kind, trigger_for
from tests.fakes.slack_world.response_urls import response_url
from tests.fakes.slack_world.rules import acknowledgements

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.views import View


NEEDS_COMMANDS = ("shortcut", "message_action")


class NotPossible(AssertionError):
    """Slack's client does not offer what the test wants to do."""


class NoAnswer(AssertionError):
    """The person saw that the app did not respond."""


async def ask(user: User, delivery: Delivery) -> Delivery:
    _check_offered(user, delivery)
    if delivery.trigger is not None:
        delivery.trigger.delivery = delivery
    post.send(user.world, delivery)
    await answered(delivery)
    if delivery.kind is Kind.INTERACTIVE and delivery.payload["type"] not in ("view_submission", "block_suggestion"):
        acknowledgements.inspect_empty(delivery)
    return delivery


def _check_offered(user: User, delivery: Delivery) -> None:
    app, installation = user.world.app, user.workspace.installation
    if installation is None or not user.workspace.has_bot:
        raise NotPossible(f"{app.name} is not installed in {user.workspace.name}")
    if delivery.kind is Kind.INTERACTIVE and not app.interactive:
        raise NotPossible(f"{app.name} does not take interactions: its manifest leaves interactivity off")
    if (delivery.name in NEEDS_COMMANDS or delivery.kind is Kind.COMMAND) and "commands" not in installation.scopes:
        raise NotPossible(f"{app.name} may not offer commands and shortcuts without the scope “commands”")


async def answered(delivery: Delivery) -> None:
    # The post office gives up after three of the fake's seconds; this is only for a test that hangs.
    await delivery.workspace.world.changes.until(lambda: delivery.over, ACK_S + 2)
    if delivery.failed:
        raise NoAnswer(f"{delivery.failed}: {delivery.name} {json.dumps(delivery.payload)[:300]}")


async def command(user: User, where: Channel, name: str, text: str) -> Delivery:
    known = user.world.app.commands
    if known is not None and name not in known:
        raise NotPossible(f"{name} is not a valid command. In Slack, all messages that start with the “/” character…")
    if not where.seen_by(user) or where.archived:
        raise NotPossible(f"{user.name} cannot write in #{where.name}")
    answers, trigger = response_url(where, user, kind="commands"), trigger_for(user)
    payload = {
        "token": user.world.app.verification_token,
        "team_id": user.workspace.id,
        "team_domain": user.workspace.domain,
        "channel_id": where.id,
        "channel_name": {"im": "directmessage", "private_channel": "privategroup"}.get(where.kind.value, where.name),
        "user_id": user.id,
        "user_name": user.handle,
        "command": name,
        "text": _command_text(user, name, text.strip()),
        "api_app_id": user.world.app.id,
        "is_enterprise_install": "false",
        "response_url": answers.url,
        "trigger_id": trigger.id,
    }
    return await ask(user, Delivery(user.workspace, Kind.COMMAND, payload, None, answers, trigger))


def _command_text(user: User, name: str, text: str) -> str:
    app = user.world.app
    if app.commands and app.commands.get(name):
        return linked(text, user.workspace, with_names=True)
    return escaped(text) if app.escapes_commands else text


def interaction(user: User, kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "user": user.brief(),
        "api_app_id": user.world.app.id,
        "token": user.world.app.verification_token,
        "team": user.workspace.payload(),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def shortcut(user: User, kind: str) -> dict[str, Any]:
    """Told a little less than clicks are."""
    told = interaction(user, kind)
    del told["api_app_id"]
    unsaid = "username" if kind == "message_action" else "name"
    return told | {"user": {key: value for key, value in user.brief().items() if key != unsaid}}


async def act(user: User, where: Message | View, element: dict[str, Any], value: dict[str, Any]) -> Delivery:
    """A button pressed, a menu chosen from."""
    trigger = trigger_for(user)
    action = {"action_id": element["action_id"], "block_id": element["block_id"], "action_ts": user.world.clock.ts()}
    payload = interaction(user, "block_actions") | {"trigger_id": trigger.id, "actions": [action | value]}
    if isinstance(where, views.View):
        payload |= {"container": {"type": "view", "view_id": where.id}, "view": where.payload()}
        return await ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, where, None, trigger))
    answers = response_url(where.channel, user, where)
    payload |= _on_message(where) | {"response_url": answers.url, "state": {"values": {}}}
    return await ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, where, answers, trigger))


def _on_message(message: Message) -> dict[str, Any]:
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel.id,
        "is_ephemeral": message.ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    told: dict[str, Any] = {"container": container, "channel": _channel(message.channel)}
    # What only one person sees is not told again.
    return told if message.ephemeral else told | {"message": message.payload()}


def _channel(channel: Channel) -> dict[str, Any]:
    names = {"im": "directmessage", "private_channel": "privategroup"}
    return {"id": channel.id, "name": names.get(channel.kind.value, channel.name)}


async def message_shortcut(user: User, message: Message, name: str) -> Delivery:
    found = user.world.app.shortcut(name, on_message=True)
    if found is None or message.ephemeral or message.deleted:
        raise NotPossible(f"the message offers no shortcut “{name}”")
    if not message.channel.seen_by(user):
        raise NotPossible(f"{user.name} does not see #{message.channel.name}")
    answers, trigger = response_url(message.channel, user, kind="app"), trigger_for(user)
    payload = shortcut(user, "message_action") | {
        "callback_id": found.callback_id,
        "trigger_id": trigger.id,
        "response_url": answers.url,
        "message_ts": message.ts,
        "channel": _channel(message.channel),
        "message": message.payload(),
        "action_ts": user.world.clock.ts(),
    }
    return await ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, message, answers, trigger))


async def global_shortcut(user: User, name: str) -> Delivery:
    found = user.world.app.shortcut(name, on_message=False)
    if found is None:
        raise NotPossible(f"there is no shortcut “{name}”")
    trigger = trigger_for(user)
    payload = shortcut(user, "shortcut") | {
        "callback_id": found.callback_id,
        "trigger_id": trigger.id,
        "action_ts": user.world.clock.ts(),
    }
    return await ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, trigger=trigger))


async def home(user: User) -> View | None:
    if not user.world.app.has_home:
        raise NotPossible(f"{user.world.app.name} has no Home tab")
    delivery = events.home_opened(user, user.workspace.direct_channel(user), views.home_of(user))
    if delivery is not None:
        await answered(delivery)
    return views.home_of(user)
