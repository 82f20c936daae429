"""/story, and the button that tells the story of a result."""

from __future__ import annotations

from typing import Any, get_args

import discord
from discord import app_commands

from backends.store.records import RequestRecord
from bots.commands.help import COMMANDS
from bots.commands.tree import StoryAsk, StoryForm, Told
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.answers import Answer, answer_of
from bots.discord_bot.homes import Homes
from bots.discord_bot.identity import invocation_of
from bots.discord_bot.place import read_place
from bots.story_tree import NodeKey

_SUMMARY = next(spec.summary for spec in COMMANDS if spec.name == "story")
_FORMS = [app_commands.Choice(name=form, value=form) for form in get_args(StoryForm)]


class Telling:
    def __init__(self, core: Core, homes: Homes) -> None:
        self._core = core
        self._homes = homes

    def command(self) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(
            form="How to tell it; to read here when left out.",
            number="Up to which sample of its tree, by its number there; up to the latest when left out.",
        )
        @app_commands.choices(form=_FORMS)
        async def story(
            interaction: discord.Interaction,
            form: str | None = None,
            number: app_commands.Range[int, 1, 1_000_000] | None = None,
        ) -> None:
            await self._tell(interaction, form or "read", number)

        return app_commands.Command(name="story", description=_SUMMARY, callback=story)

    async def _tell(self, interaction: discord.Interaction, form: Any, number: int | None) -> None:
        invocation = invocation_of(interaction)
        at = await self._core.tree.latest(invocation, lambda record: _is_here(record, interaction))
        await give(answer_of(interaction), await self._core.tree.tell(invocation, StoryAsk(form, number), at))

    async def press(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        """To read, and as a picture."""
        invocation = await self._homes.invocation(interaction, control)
        at = NodeKey(control.request_id, control.sample)
        for form in ("read", "picture"):
            await give(answer, await self._core.tree.tell(invocation, StoryAsk(form), at))


async def give(answer: Answer, told: Told) -> None:
    if told.attachment is not None:
        await answer.give(told.attachment)
    else:
        await answer.say(*told.said)


def _is_here(record: RequestRecord, interaction: discord.Interaction) -> bool:
    """In a thread only what is in that thread counts."""
    if not isinstance(interaction.channel, discord.Thread):
        return True
    place = read_place(record.reply_ref, record.channel, record.requester_id)
    return interaction.channel_id in (place.thread, place.channel)
