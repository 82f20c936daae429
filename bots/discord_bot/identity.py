"""Who asks, where: an interaction or a reaction as the core understands it."""

from __future__ import annotations

import discord

from bots.commands.invocation import Invocation, Requester
from bots.discord_bot.place import Place
from config.workspace import WorkspaceRef


def workspace_of(guild_id: int | None, user_id: int) -> WorkspaceRef:
    """The server; in direct messages one's own."""
    return WorkspaceRef("discord", str(guild_id) if guild_id is not None else f"dm-{user_id}")


def invocation_of(
    interaction: discord.Interaction, place: Place | None = None, event_id: str | None = None
) -> Invocation:
    """Rights are those that Discord names in this very interaction."""
    user = interaction.user
    alone = interaction.guild_id is None
    requester = Requester(str(user.id), user.display_name, roles_of(user), alone or may_manage(interaction.permissions))
    return Invocation(
        event_id or str(interaction.id),
        workspace_of(interaction.guild_id, user.id),
        ruling_channel(interaction.channel, interaction.channel_id or 0),
        requester,
        place is not None and place.layout == "private" and place.token is not None,
        place.write() if place is not None else None,
    )


def reaction_invocation(
    payload: discord.RawReactionActionEvent,
    channel: object,
    event_id: str,
    place: Place | None = None,
    known_name: str | None = None,
) -> Invocation:
    """Without the guild in the cache nobody counts as an admin. In direct messages Discord tells no name."""
    member = payload.member
    alone = payload.guild_id is None
    is_admin = alone or (member is not None and may_manage(member.guild_permissions))
    name = member.display_name if member is not None else known_name or str(payload.user_id)
    return Invocation(
        event_id,
        workspace_of(payload.guild_id, payload.user_id),
        ruling_channel(channel, payload.channel_id),
        Requester(str(payload.user_id), name, roles_of(member), is_admin),
        False,
        place.write() if place is not None else None,
    )


def ruling_channel(channel: object, channel_id: int) -> str:
    """The channel whose rules hold: a thread has none of its own."""
    parent = channel.parent_id if isinstance(channel, discord.Thread) else None
    return str(parent or channel_id)


def roles_of(user: object) -> frozenset[str]:
    """By id, as the payload had them: `Member.roles` leaves out what isn't in the cache, and over HTTP nothing is."""
    held: object = getattr(user, "_roles", ())
    return frozenset(str(role) for role in held) if isinstance(held, discord.utils.SnowflakeList) else frozenset()


def may_manage(held: discord.Permissions) -> bool:
    return held.manage_guild or held.administrator
