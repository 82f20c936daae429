"""Asks the core for text, and says what the one who asked can't see for themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import discord

from backends.store.records import RequestRecord
from bots.asks import Ask
from bots.commands.comparison import Comparison
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.answers import Answer
from bots.discord_bot.front import DiscordFront
from bots.discord_bot.homes import Homes
from bots.discord_bot.identity import invocation_of
from bots.discord_bot.place import read_address, read_place
from bots.discord_bot.placing import Placing, place_derived, place_new, private_place
from bots.discord_bot.reply import DiscordReply


class Writing:
    def __init__(self, core: Core, front: DiscordFront, homes: Homes) -> None:
        self._core = core
        self._homes = homes
        self._front = front

    async def complete(
        self, interaction: discord.Interaction, answer: Answer, given: Completion, private: bool = False
    ) -> None:
        """/complete, and its context menu."""
        placing = place_new(interaction, private)
        await self._ask(
            interaction, answer, placing, lambda invocation, reply: self._core.story.complete(invocation, reply, given)
        )

    async def compare(self, interaction: discord.Interaction, answer: Answer, given: Comparison) -> None:
        """Both results in one thread, the second beside the first."""
        await self._ask(
            interaction,
            answer,
            place_new(interaction, given.private),
            lambda invocation, reply: self._core.story.compare(invocation, reply, given.first, given.second),
        )

    async def derive(self, interaction: discord.Interaction, answer: Answer, control: Control, ask: Ask) -> None:
        """What comes of a result: beside it, as privately as it is."""
        origin = await self._core.story.find(await self._homes.invocation(interaction, control), control.request_id)
        place = read_place(origin.reply_ref, origin.channel, origin.requester_id)
        reply_to = await self.message_of(origin, control.sample)
        placing = place_derived(interaction, place, reply_to, origin.private, answer.waits)
        await self._ask(interaction, answer, placing, ask, control)

    async def message_of(self, origin: RequestRecord, sample: int) -> int | None:
        """The last message that shows this sample."""
        posts = [post for post in await self._core.posts.of(origin.id) if post.sample == sample]
        return read_address(posts[-1].address)[1] if posts else None

    async def _ask(
        self,
        interaction: discord.Interaction,
        answer: Answer,
        placing: Placing,
        ask: Callable[[Invocation, DiscordReply], Awaitable[object]],
        control: Control | None = None,
    ) -> None:
        private = private_place(interaction, answer.waits)
        place = placing.place.answering(private)
        invocation = (
            await self._homes.invocation(interaction, control, place)
            if control is not None
            else invocation_of(interaction, place)
        )
        reply = self._front.reply(invocation.workspace, place, None if place.layout == "private" else private)
        await ask(invocation, reply)
        if reply.place.layout == "private" and reply.place.original:
            answer.shown_elsewhere()
        note = reply.note or placing.note
        await (answer.say(note) if note else answer.done())
