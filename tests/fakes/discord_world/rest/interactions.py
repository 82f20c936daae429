"""The first answer to an interaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.fakes.discord_world import posting
from tests.fakes.discord_world.failures import Refused, invalid_form
from tests.fakes.discord_world.interactions import FIRST_ANSWER_S, Ack, Asked, Interaction, Modal
from tests.fakes.discord_world.mentions import USERS_ONLY
from tests.fakes.discord_world.messages import CONTEXT_MENU, DEFAULT, EPHEMERAL, LOADING, SLASH, Message
from tests.fakes.discord_world.rest.messages import SETTABLE
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

# Which answers each kind of interaction takes.
FITTING = {
    Asked.COMMAND: {Ack.MESSAGE, Ack.DEFERRED, Ack.MODAL},
    Asked.COMPONENT: {Ack.MESSAGE, Ack.DEFERRED, Ack.DEFERRED_UPDATE, Ack.UPDATE, Ack.MODAL},
    Asked.AUTOCOMPLETE: {Ack.CHOICES},
    Asked.MODAL: {Ack.MESSAGE, Ack.DEFERRED, Ack.DEFERRED_UPDATE, Ack.UPDATE},
}


@route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", by_token=True)
def callback(call: Call) -> Answer:
    interaction = call.world.interactions.get(call.number("interaction_id"))
    if interaction is None or interaction.token != call.ids["interaction_token"]:
        raise Refused(10062)
    acknowledge(call, interaction)
    if call.query.get("with_response", "").lower() in ("true", "1"):
        return Answer(_described(interaction))
    return NOTHING


def acknowledge(call: Call, interaction: Interaction) -> None:
    """By the callback route, or inline as the answer to Discord's own request."""
    if interaction.ack is not None:
        raise Refused(40060)
    if interaction.failed or interaction.age_s > FIRST_ANSWER_S:
        raise Refused(10062)
    ack = _fitting(call, interaction)
    ANSWERS[ack](call, interaction, call.body.get("data") or {})
    interaction.ack, interaction.ack_seconds = ack, interaction.age_s
    call.world.changes.announce()


def _fitting(call: Call, interaction: Interaction) -> Ack:
    kind = call.body.get("type")
    if kind not in FITTING[interaction.kind] or (_updates(kind) and interaction.source is None):
        raise invalid_form({"type": ("INTERACTION_TYPE_INVALID", f"Type {kind} does not answer this interaction")})
    return Ack(kind)


def _updates(kind: int) -> bool:
    return kind in (Ack.DEFERRED_UPDATE, Ack.UPDATE)


def _message(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.ephemeral = bool(data.get("flags", 0) & EPHEMERAL)
    interaction.original = post_answer(call, interaction, data, data.get("flags", 0) & (SETTABLE | EPHEMERAL))


def _deferred(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.ephemeral = bool(data.get("flags", 0) & EPHEMERAL)
    interaction.original = post_answer(call, interaction, {}, LOADING | data.get("flags", 0) & EPHEMERAL)


def post_answer(call: Call, interaction: Interaction, body: dict[str, Any], flags: int) -> Message:
    by_command = CONTEXT_MENU if "target_id" in interaction.data else SLASH
    kind = by_command if interaction.kind is Asked.COMMAND and interaction.original is None else DEFAULT
    return posting.post(
        interaction.channel,
        call.bot,
        body,
        call.uploads,
        parses=USERS_ONLY,
        kind=kind,
        flags=flags,
        interaction=interaction,
    )


def _deferred_update(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.original = interaction.source


def _update(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    assert interaction.source is not None
    if interaction.source.deleted:
        raise Refused(10008)
    interaction.original = interaction.source
    posting.edit(interaction.source, data, call.uploads, USERS_ONLY)


def _choices(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.choices = data["choices"]


def _modal(call: Call, interaction: Interaction, data: dict[str, Any]) -> None:
    interaction.modal = Modal(interaction, data | {"components": posting.numbered(data["components"])})


ANSWERS: dict[Ack, Callable[[Call, Interaction, dict[str, Any]], None]] = {
    Ack.MESSAGE: _message,
    Ack.DEFERRED: _deferred,
    Ack.DEFERRED_UPDATE: _deferred_update,
    Ack.UPDATE: _update,
    Ack.CHOICES: _choices,
    Ack.MODAL: _modal,
}


def _described(interaction: Interaction) -> dict[str, Any]:
    """Deferred answers describe no message."""
    about: dict[str, Any] = {"id": str(interaction.id), "type": int(interaction.kind)}
    if interaction.original is None:
        return {"interaction": about}
    message = interaction.original
    about |= {
        "response_message_id": str(message.id),
        "response_message_loading": message.loading,
        "response_message_ephemeral": message.ephemeral,
    }
    if interaction.ack not in (Ack.MESSAGE, Ack.UPDATE):
        return {"interaction": about}
    return {"interaction": about, "resource": {"type": int(interaction.ack), "message": message.payload()}}
