"""Which rules each route's requests must keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.failures import Refused, invalid_form
from tests.fakes.discord_world.interactions import Ack
from tests.fakes.discord_world.messages import EPHEMERAL, Message
from tests.fakes.discord_world.rest.commands import GLOBAL, OF_GUILD
from tests.fakes.discord_world.rest.webhooks import HOOK
from tests.fakes.discord_world.rules import commands, messages, modals, threads
from tests.fakes.discord_world.rules.problems import Problems

if TYPE_CHECKING:
    from tests.fakes.discord_world.rest.routing import Call

CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"
CHANNEL = "/channels/{channel_id}"
Rule = Callable[["Call", Problems], None]


def inspect(call: Call) -> None:
    """Records what is wrong with a request, and refuses it as Discord would."""
    problems = Problems()
    if (rule := RULES.get(call.route.key)) is not None:
        _applied(rule, call, problems)
    for index, upload in call.uploads.items():
        if len(upload.content) > messages.LARGEST_FILE:
            call.frown(f"files[{index}] is larger than a server without boosts takes")
            raise Refused(40005)
    for reason in problems.reasons():
        call.frown(reason)
    if problems.refused.get("", ("",))[0] == "EMPTY_MESSAGE":
        raise Refused(50006)
    if problems.refused:
        raise invalid_form(problems.refused)


def _applied(rule: Rule, call: Call, problems: Problems) -> None:
    """A body so wrong that a rule cannot read it is refused, too."""
    try:
        rule(call, problems)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        problems.refuse("", "MODEL_TYPE_CONVERT", f"The body has the wrong shape ({error})")


def _new_message(call: Call, problems: Problems) -> None:
    messages.check_new(call.body, len(call.uploads), messages.CREATE_KEYS, messages.IN_CHANNELS, problems)


def _followup(call: Call, problems: Problems) -> None:
    messages.check_new(call.body, len(call.uploads), messages.FOLLOWUP_KEYS, messages.IN_ANSWERS, problems)


def _change(call: Call, problems: Problems) -> None:
    message = _message(call)
    messages.check_change(call.body, message, messages.EDIT_KEYS, problems)
    if message is not None and not call.uploads and _left_empty(message, call.body):
        problems.refuse("", "EMPTY_MESSAGE", "Cannot send an empty message")


def _message(call: Call) -> Message | None:
    if "channel_id" in call.ids:
        channel = call.world.channels.get(call.number("channel_id"))
        return channel.held.get(call.number("message_id")) if channel else None
    interaction = call.world.by_token(call.ids["webhook_token"])
    if interaction is None or "message_id" not in call.ids:
        return interaction.original if interaction else None
    mine = [each for each in (interaction.original, *interaction.followups) if each]
    return next((each for each in mine if each.id == call.number("message_id")), None)


def _left_empty(message: Message, body: Mapping[str, Any]) -> bool:
    left = [body.get(key, getattr(message, key)) for key in ("content", "embeds", "components", "attachments")]
    return not any(part.strip() if isinstance(part, str) else part for part in left)


def _callback(call: Call, problems: Problems) -> None:
    problems.keys("", call.body, ("type", "data"))
    kind, data = call.body.get("type"), call.body.get("data") or {}
    if kind == Ack.MESSAGE:
        messages.check_new(data, len(call.uploads), messages.ANSWER_KEYS, messages.IN_ANSWERS, problems, "data")
    elif kind == Ack.UPDATE:
        interaction = call.world.interactions.get(call.number("interaction_id"))
        messages.check_change(data, interaction.source if interaction else None, messages.ANSWER_KEYS, problems)
    elif kind == Ack.MODAL:
        modals.check(data, problems)
    elif kind == Ack.CHOICES:
        modals.check_choices(data, problems)
    elif kind in (Ack.DEFERRED, Ack.DEFERRED_UPDATE):
        problems.keys("data", data, ("flags",))
        if (data.get("flags") or 0) & ~EPHEMERAL:
            problems.frown("data.flags", "a deferred answer takes only the ephemeral flag")


def _thread_from_message(call: Call, problems: Problems) -> None:
    threads.check_new(call.body, threads.FROM_MESSAGE_KEYS, problems)


def _thread(call: Call, problems: Problems) -> None:
    threads.check_new(call.body, threads.ALONE_KEYS, problems)
    if "message" in call.body:
        inner = call.body["message"]
        messages.check_new(inner, len(call.uploads), messages.CREATE_KEYS, messages.IN_CHANNELS, problems, "message")


def _thread_change(call: Call, problems: Problems) -> None:
    channel = call.world.channels.get(call.number("channel_id"))
    if channel is not None and channel.is_thread:
        threads.check_change(call.body, problems)


def _command(call: Call, problems: Problems) -> None:
    commands.check("", call.body, problems)


def _commands(call: Call, problems: Problems) -> None:
    commands.check_all(call.body, problems)


RULES: dict[str, Rule] = {
    f"POST {CHANNEL}/messages": _new_message,
    f"PATCH {CHANNEL}/messages/{{message_id}}": _change,
    f"POST {HOOK}": _followup,
    f"PATCH {HOOK}/messages/@original": _change,
    f"PATCH {HOOK}/messages/{{message_id}}": _change,
    CALLBACK: _callback,
    f"POST {CHANNEL}/messages/{{message_id}}/threads": _thread_from_message,
    f"POST {CHANNEL}/threads": _thread,
    f"PATCH {CHANNEL}": _thread_change,
    f"POST {GLOBAL}": _command,
    f"POST {OF_GUILD}": _command,
    f"PUT {GLOBAL}": _commands,
    f"PUT {OF_GUILD}": _commands,
}
