"""Bringing an interaction to the bot and waiting for its first answer, as the person in front of the client does."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from tests.fakes.discord_world.interactions import FIRST_ANSWER_S, Asked, Interaction
from tests.fakes.discord_world.permissions import Permission

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message
    from tests.fakes.discord_world.people import User
    from tests.fakes.discord_world.places import Channel


class NotPossible(AssertionError):
    """Discord's client does not offer what the test wants to do."""


class NoAnswer(AssertionError):
    """The person saw “The application did not respond”."""


async def ask(
    kind: Asked,
    user: User,
    channel: Channel,
    data: dict[str, Any],
    source: Message | None = None,
    parent: Interaction | None = None,
) -> Interaction:
    interaction = begin(kind, user, channel, data, source, parent)
    await answered(interaction)
    return interaction


def begin(
    kind: Asked,
    user: User,
    channel: Channel,
    data: dict[str, Any],
    source: Message | None = None,
    parent: Interaction | None = None,
) -> Interaction:
    world = user.world
    if not world.permissions_of(user, channel) & Permission.VIEW_CHANNEL:
        raise NotPossible(f"{user.name} does not see #{channel.name}")
    interaction = Interaction(
        world,
        world.clock.snowflake(),
        "aW50ZXJhY3Rpb246" + secrets.token_urlsafe(48),
        kind,
        user,
        channel.guild.members.get(user.id) if channel.guild else None,
        channel,
        data,
        world.clock.now(),
        source,
        parent,
        user_installed=channel.guild is not None and not channel.guild.has_bot,
    )
    world.begin(interaction)
    return interaction


async def answered(interaction: Interaction) -> None:
    """Returns with the first answer; after three of the fake's seconds Discord gives up."""
    changes = interaction.world.changes
    while not interaction.over:
        left = FIRST_ANSWER_S - interaction.age_s
        if left <= 0:
            interaction.failed = "The application did not respond"
            break
        try:
            await asyncio.wait_for(changes.next(), left)
        except TimeoutError:
            continue
    if interaction.failed:
        raise NoAnswer(f"{interaction.failed}: {interaction.kind.name.lower()} {interaction.data}")
