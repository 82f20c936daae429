"""What the bot says after its first answer: the original, followups, and their edits."""

from __future__ import annotations

from tests.fakes.discord_world import posting
from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.interactions import TOKEN_S, Interaction
from tests.fakes.discord_world.mentions import USERS_ONLY
from tests.fakes.discord_world.messages import EPHEMERAL, Message
from tests.fakes.discord_world.rest.interactions import post_answer
from tests.fakes.discord_world.rest.messages import SETTABLE
from tests.fakes.discord_world.rest.routing import NOTHING, Answer, Call, route

HOOK = "/webhooks/{webhook_id}/{webhook_token}"
FOLLOWUPS_WHERE_NOT_INSTALLED = 5


def _interaction(call: Call) -> Interaction:
    if call.number("webhook_id") != call.bot.id:
        raise Refused(10015)
    interaction = call.world.by_token(call.ids["webhook_token"])
    if interaction is None or interaction.age_s > TOKEN_S:
        raise Refused(50027)
    if interaction.ack is None:
        raise Refused(10015)
    return interaction


def _message(call: Call) -> Message:
    interaction = _interaction(call)
    own = [each for each in (interaction.original, *interaction.followups) if each and not each.deleted]
    number = call.ids.get("message_id", "@original")
    if number == "@original":
        own = [each for each in own if each is interaction.original]
    else:
        own = [each for each in own if str(each.id) == number]
    if not own:
        raise Refused(10008)
    return own[0]


@route("GET", HOOK + "/messages/@original", by_token=True)
@route("GET", HOOK + "/messages/{message_id}", by_token=True)
def read(call: Call) -> Answer:
    return Answer(_message(call).payload())


@route("PATCH", HOOK + "/messages/@original", by_token=True)
@route("PATCH", HOOK + "/messages/{message_id}", by_token=True)
def change(call: Call) -> Answer:
    message = _message(call)
    posting.edit(message, call.body, call.uploads, USERS_ONLY)
    return Answer(message.payload())


@route("DELETE", HOOK + "/messages/@original", by_token=True)
@route("DELETE", HOOK + "/messages/{message_id}", by_token=True)
def delete(call: Call) -> Answer:
    posting.remove(_message(call))
    return NOTHING


@route("POST", HOOK, by_token=True)
def follow_up(call: Call) -> Answer:
    interaction = _interaction(call)
    if interaction.original is not None and interaction.original.loading and not interaction.original.deleted:
        return _finish_deferred(call, interaction.original)
    if interaction.user_installed and len(interaction.followups) >= FOLLOWUPS_WHERE_NOT_INSTALLED:
        raise Refused(40094)
    message = post_answer(call, interaction, call.body, call.body.get("flags", 0) & (SETTABLE | EPHEMERAL))
    interaction.followups.append(message)
    call.world.changes.announce()
    return Answer(message.payload())


def _finish_deferred(call: Call, original: Message) -> Answer:
    """A followup while the original is still loading becomes the original; its own flags are ignored."""
    call.frown("a followup before the deferred original was edited; Discord calls this deprecated")
    posting.edit(original, call.body, call.uploads, USERS_ONLY)
    return Answer(original.payload())
