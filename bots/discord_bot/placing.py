"""Chooses where a result goes: by the kind of channel, by what the bot may do there, by where its origin is."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bots.discord_bot.permissions import lacking, no_thread, no_writing
from bots.discord_bot.place import Layout, Place

_WITH_THREADS = (discord.ChannelType.text, discord.ChannelType.news)


@dataclass(frozen=True, slots=True)
class Placing:
    place: Place
    note: str | None = None
    """Why it isn't where one would expect it, for the person who asked."""


def place_new(interaction: discord.Interaction, private: bool) -> Placing:
    """A new result: a root message with a thread if there can be one. The interaction's response waits."""
    if private:
        return Placing(private_place(interaction, True))
    missing = _missing_to_write(interaction)
    if missing:
        return Placing(private_place(interaction, True), no_writing(channel_name(interaction), missing))
    if _type(interaction) not in _WITH_THREADS:
        return Placing(_place(interaction, "channel"))
    missing = lacking(interaction.app_permissions, "create_public_threads", "send_messages_in_threads")
    if missing:
        return Placing(_place(interaction, "channel"), no_thread(channel_name(interaction), missing))
    return Placing(_place(interaction, "thread"))


def place_derived(
    interaction: discord.Interaction, origin: Place, reply_to: int | None, private: bool, waits: bool
) -> Placing:
    """A result made from another: where that one is, as an answer to its message."""
    if private or origin.layout == "private":
        return Placing(private_place(interaction, waits))
    missing = _missing_to_write(interaction)
    if missing:
        return Placing(private_place(interaction, waits), no_writing(channel_name(interaction), missing))
    return Placing(beside(origin, interaction.user.id, reply_to))


def beside(origin: Place, user: int, reply_to: int | None) -> Place:
    """In the origin's thread or channel."""
    return Place(layout="reply", channel=origin.thread or origin.channel, user=user, reply_to=reply_to)


def neighbour(origin: Place, user: int) -> Place:
    """For the second of two results that are shown together."""
    if origin.layout == "private":
        return origin.model_copy(update={"original": False})
    return beside(origin, user, None)


def private_place(interaction: discord.Interaction, original: bool) -> Place:
    """`original`: the interaction's own response waits to be the first message."""
    return _place(interaction, "private").model_copy(
        update={"application": interaction.application_id, "token": interaction.token, "original": original}
    )


def channel_name(interaction: discord.Interaction) -> str:
    name = getattr(interaction.channel, "name", None)
    return f"#{name}" if name else "this channel"


def _place(interaction: discord.Interaction, layout: Layout) -> Place:
    return Place(layout=layout, channel=interaction.channel_id or 0, user=interaction.user.id)


def _missing_to_write(interaction: discord.Interaction) -> list[str]:
    if interaction.guild_id is None:
        return []
    in_thread = isinstance(interaction.channel, discord.Thread)
    writing = "send_messages_in_threads" if in_thread else "send_messages"
    return lacking(interaction.app_permissions, "view_channel", writing)


def _type(interaction: discord.Interaction) -> discord.ChannelType | None:
    return getattr(interaction.channel, "type", None)
