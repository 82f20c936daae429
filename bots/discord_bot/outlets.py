"""Two ways to show a message: as the bot in a channel, or through an interaction's token to one person."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, replace
from typing import Any, Protocol

import discord

from bots.discord_bot.components import button_row
from bots.discord_bot.failures import MISSING_PERMISSIONS, NO_HISTORY, code_of
from bots.discord_bot.markup import small
from bots.discord_bot.rendering import Message
from bots.turns import PartKey

NO_FILES = "I lack Attach Files here; ⋯ More, As file gives you the whole text."
NO_MENTIONS = discord.AllowedMentions.none()
ORIGINAL = 0
"""Stands for the interaction's own response among messages shown through its token."""


class Outlet(Protocol):
    async def send(self, message: Message, nonce: str, reply_to: int | None) -> int:
        """Returns the new message's id. The same nonce again, soon after, gives the first message."""
        ...

    async def edit(self, message_id: int, message: Message, files: bool) -> None:
        """With `files` its files are replaced too, else they stay."""
        ...

    async def remove(self, message_id: int) -> None: ...


def nonce_of(request_id: str, key: PartKey, attempt: int = 0) -> str:
    """The same for the same part of the same request, after a crash too; at most 25 characters, as Discord wants."""
    named = f"{request_id}/{key[0]}/{key[1]}/{attempt}".encode()
    return hashlib.blake2b(named, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Answered:
    """The message one answers, with its ids as text, as Discord's API asks for; discord.py's own has numbers."""

    channel: int
    message: int

    def to_message_reference_dict(self) -> dict[str, Any]:
        return {"message_id": str(self.message), "channel_id": str(self.channel), "fail_if_not_exists": False}


class ChannelOutlet:
    """Messages of the bot's own, in a channel, thread or direct conversation."""

    def __init__(self, client: discord.Client, channel: int) -> None:
        self._channel = channel
        self._messages = client.get_partial_messageable(channel)

    async def send(self, message: Message, nonce: str, reply_to: int | None) -> int:
        answered = None if reply_to is None else Answered(self._channel, reply_to)
        try:
            return await self._send_with_files(message, nonce, answered)
        except discord.HTTPException as error:
            if answered is None or code_of(error) != NO_HISTORY:
                raise
            return await self._send_with_files(message, nonce, None)

    async def _send_with_files(self, message: Message, nonce: str, answered: Answered | None) -> int:
        try:
            return await self._send(message, nonce, answered)
        except discord.Forbidden as error:
            if not message.documents or code_of(error) != MISSING_PERMISSIONS:
                raise
            return await self._send(without_files(message), nonce, answered)

    async def _send(self, message: Message, nonce: str, answered: Answered | None) -> int:
        more: dict[str, Any] = _view_of(message) | ({"reference": answered} if answered is not None else {})
        sent = await self._messages.send(
            message.content,
            files=files_of(message),
            nonce=nonce,
            allowed_mentions=NO_MENTIONS,
            suppress_embeds=True,
            **more,
        )
        if sent.content.strip() != message.content.strip():
            # The nonce was known: this is the message of an attempt whose answer was lost, with what it said then.
            await self.edit(sent.id, message, True)
        return sent.id

    async def edit(self, message_id: int, message: Message, files: bool) -> None:
        try:
            await self._edit(message_id, message, files)
        except discord.Forbidden as error:
            if not (files and message.documents) or code_of(error) != MISSING_PERMISSIONS:
                raise
            await self._edit(message_id, without_files(message), files)

    async def _edit(self, message_id: int, message: Message, files: bool) -> None:
        more: dict[str, Any] = {"attachments": files_of(message)} if files else {}
        await self._messages.get_partial_message(message_id).edit(
            content=message.content, view=button_row(message.controls), allowed_mentions=NO_MENTIONS, **more
        )

    async def remove(self, message_id: int) -> None:
        await self._messages.get_partial_message(message_id).delete()


class TokenOutlet:
    """What only one person sees: the interaction's response, then follow-ups."""

    def __init__(self, client: discord.Client, application: int, token: str, uses_original: bool) -> None:
        """`uses_original`: the first message becomes the response that Discord shows as waiting."""
        # As discord.py makes an interaction's own followup; its public constructor makes other kinds of webhook only.
        data: Any = {"id": application, "type": discord.WebhookType.application.value, "token": token}
        self._webhook = discord.Webhook.from_state(data=data, state=client._connection)
        self._uses_original = uses_original

    async def send(self, message: Message, nonce: str, reply_to: int | None) -> int:
        if self._uses_original:
            await self.edit(ORIGINAL, message, True)
            self._uses_original = False
            return ORIGINAL
        more: dict[str, Any] = _view_of(message)
        sent: discord.WebhookMessage = await self._webhook.send(
            message.content,
            ephemeral=True,
            wait=True,
            allowed_mentions=NO_MENTIONS,
            files=files_of(message),
            suppress_embeds=True,
            **more,
        )
        return sent.id

    async def edit(self, message_id: int, message: Message, files: bool) -> None:
        more: dict[str, Any] = {"attachments": files_of(message)} if files else {}
        await self._webhook.edit_message(
            _target(message_id),
            content=message.content,
            view=button_row(message.controls),
            allowed_mentions=NO_MENTIONS,
            **more,
        )

    async def remove(self, message_id: int) -> None:
        await self._webhook.delete_message(_target(message_id))


def _target(message_id: int) -> Any:
    """As the route has it."""
    return "@original" if message_id == ORIGINAL else message_id


def without_files(message: Message) -> Message:
    """For places where files are forbidden; through an interaction they are not."""
    return replace(message, documents=(), content=f"{message.content}\n{small(NO_FILES)}")


def files_of(message: Message) -> list[discord.File]:
    return [discord.File(io.BytesIO(each.text.encode()), filename=each.name) for each in message.documents]


def _view_of(message: Message) -> dict[str, Any]:
    """discord.py tells a missing view from None in some calls only."""
    view = button_row(message.controls)
    return {} if view is None else {"view": view}
