"""Making and changing messages, and telling the world of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.mentions import EVERYTHING, pings
from tests.fakes.discord_world.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    LOADING,
    SELECTS,
    SUPPRESS_EMBEDS,
    Attachment,
    Message,
    emoji_payload,
    walk,
)

if TYPE_CHECKING:
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.places import Channel
    from tests.fakes.discord_world.rest.routing import Upload

EDITABLE = SUPPRESS_EMBEDS | COMPONENTS_V2
LATE_AFTER_S = 3600.0
LATE_EDITS = 3
# Discord tells no number; the real client sleeps for it and tries four times more.
LATE_RETRY_S = 0.01
Uploads = Mapping[int, "Upload"]


def post(
    channel: Channel,
    author: User,
    body: Mapping[str, Any],
    uploads: Uploads | None = None,
    *,
    parses: tuple[str, ...] = EVERYTHING,
    **fields: Any,
) -> Message:
    """A new message; `body` as the API has it, `fields` are of the message itself."""
    world = channel.world
    message = Message(channel, world.clock.snowflake(), author, created_at=world.clock.now(), **fields)
    fill(message, body, uploads or {}, parses)
    if message.ephemeral:
        return message
    channel.take(message)
    world.emit("MESSAGE_CREATE", event(message), channel.guild)
    return message


def edit(message: Message, body: Mapping[str, Any], uploads: Uploads, parses: tuple[str, ...]) -> None:
    """Finishing a deferred answer is no edit: its message was not there yet."""
    world = message.author.world
    if message.loading:
        message.flags &= ~LOADING
    else:
        _count_late_edit(message)
        message.past.append(message.content)
        message.edited_at = world.clock.now()
    message.flags = message.flags & ~EDITABLE | (body.get("flags", message.flags) or 0) & EDITABLE
    fill(message, body, uploads, parses)
    if not message.ephemeral:
        world.emit("MESSAGE_UPDATE", event(message), message.channel.guild)
    world.changes.announce()


def _count_late_edit(message: Message) -> None:
    if message.author.world.clock.now() - message.created_at > LATE_AFTER_S:
        message.late_edits += 1
        if message.late_edits > LATE_EDITS:
            raise Refused(30046, status=429, extra={"retry_after": LATE_RETRY_S, "global": False})


def fill(message: Message, body: Mapping[str, Any], uploads: Uploads, parses: tuple[str, ...]) -> None:
    """Keys that are missing leave what was there; null clears it."""
    if "content" in body:
        message.content = (body["content"] or "").strip()
    if "embeds" in body:
        message.embeds = [_rich(each) for each in body["embeds"] or []]
    if "components" in body:
        message.components = numbered(body["components"] or [])
    if "attachments" in body or uploads:
        message.attachments = _attached(message, body, uploads)
    if "content" in body or "components" in body:
        _ping(message, pings(message, text_of(message), body.get("allowed_mentions"), parses))


def _ping(message: Message, mentions: list[str]) -> None:
    world = message.author.world
    if message.author is world.bot:
        world.pings += [(message, each) for each in mentions if each not in message.pinged]
    message.pinged = mentions


def _rich(embed: Mapping[str, Any]) -> dict[str, Any]:
    fields = [{"inline": False, **each} for each in embed.get("fields") or []]
    return {"type": "rich", **embed} | ({"fields": fields} if fields else {})


def text_of(message: Message) -> str:
    return "\n".join([message.content, *(part["content"] for part in message.parts() if part["type"] == 10)])


def numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Discord gives every component an id of its own."""
    copied = [_copied(each) for each in components]
    taken = {part.get("id") for part in walk(copied)}
    free = (number for number in range(1, 1000) if number not in taken)
    for part in walk(copied):
        if not part.get("id"):
            part["id"] = next(free)
    return copied


def _copied(part: Any) -> Any:
    """With the fields that Discord fills in."""
    if isinstance(part, list):
        return [_copied(each) for each in part]
    if not isinstance(part, dict):
        return part
    copy = {key: _copied(value) for key, value in part.items()}
    if copy.get("type") in SELECTS:
        copy = {"min_values": 1, "max_values": 1, "disabled": False} | copy
    return copy


def _attached(message: Message, body: Mapping[str, Any], uploads: Uploads) -> list[Attachment]:
    """`attachments` lists what stays, by id, and describes what comes, by place in the form."""
    listed = body.get("attachments")
    if listed is None:
        return message.attachments + [_kept(message, each, {}) for each in uploads.values()]
    there = {str(each.id): each for each in message.attachments}
    places = {int(each["id"]): each for each in listed if str(each["id"]) not in there}
    kept = [there[str(each["id"])] for each in listed if str(each["id"]) in there]
    return kept + [_kept(message, each, places.get(place, {})) for place, each in uploads.items()]


def _kept(message: Message, upload: Upload, told: Mapping[str, Any]) -> Attachment:
    world = message.author.world
    name = told.get("filename") or upload.filename
    return world.keep_file(name, upload.content, upload.content_type, told.get("description"))


def remove(message: Message) -> None:
    message.deleted = True
    message.channel.held.pop(message.id, None)
    if not message.flags & EPHEMERAL:
        place = {"id": str(message.id), "channel_id": str(message.channel.id)}
        _emit(message, "MESSAGE_DELETE", place)
    message.author.world.changes.announce()


def react(message: Message, user: User, emoji: str) -> None:
    users = message.reactions.setdefault(emoji, [])
    if user in users:
        return
    users.append(user)
    _emit(message, "MESSAGE_REACTION_ADD", _reaction(message, user, emoji, added=True))


def unreact(message: Message, user: User, emoji: str) -> None:
    users = message.reactions.get(emoji, [])
    if user not in users:
        return
    users.remove(user)
    if not users:
        del message.reactions[emoji]
    _emit(message, "MESSAGE_REACTION_REMOVE", _reaction(message, user, emoji, added=False))


def _reaction(message: Message, user: User, emoji: str, *, added: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "user_id": str(user.id),
        "channel_id": str(message.channel.id),
        "message_id": str(message.id),
        "emoji": emoji_payload(emoji),
        "burst": False,
        "type": 0,
    }
    guild = message.channel.guild
    if added:
        data["message_author_id"] = str(message.author.id)
        if guild and user.id in guild.members:
            data["member"] = guild.members[user.id].payload()
    return data


def event(message: Message) -> dict[str, Any]:
    data = message.payload()
    guild = message.channel.guild
    if guild is not None:
        data["guild_id"] = str(guild.id)
        if message.author.id in guild.members and not message.interaction:
            data["member"] = guild.members[message.author.id].payload(with_user=False)
    return data


def _emit(message: Message, name: str, data: dict[str, Any]) -> None:
    guild = message.channel.guild
    message.author.world.emit(name, data | ({"guild_id": str(guild.id)} if guild else {}), guild)
