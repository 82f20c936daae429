"""What each button and form does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import discord

from bots.actions import more_actions
from bots.asks import Asks
from bots.choosing import ASK_PLACE, ASK_TOKEN, places, tokens
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.answers import Answer, refuse_outdated
from bots.discord_bot.components import button_row, chosen, menu
from bots.discord_bot.homes import Homes
from bots.discord_bot.modals import edit_modal, read_modal, vary_modal
from bots.discord_bot.takedown import Takedown
from bots.discord_bot.telling import Telling
from bots.discord_bot.writing import Writing
from bots.documents import result_document
from bots.insight.table import insight_lines
from bots.views import Action
from config.errors import InvalidOptions

MOST_CHOICES = 25
"""Of one menu."""
FORM_WITHIN_S = 2.0
"""Discord waits three seconds, and nothing can announce a form."""
_Act = Callable[[discord.Interaction, Answer, Control], Awaitable[None]]


class Acts:
    def __init__(self, core: Core, writing: Writing, takedown: Takedown, homes: Homes, telling: Telling) -> None:
        self._core = core
        self.asks = Asks(core.story)
        self._homes = homes
        self._writing = writing
        self._takedown = takedown
        self._presses: Mapping[Action, _Act] = {
            "stop": self._stop,
            "again": self._derive,
            "same_seed": self._derive,
            "continue": self._derive,
            "pick": self._derive,
            "why": self._why,
            "place": self._choose_token,
            "token": self._branch,
            "more": self._more,
            "story": telling.press,
            "file": self._file,
            "undo": self._undo,
            "delete": self._delete,
        }
        self._forms: Mapping[Action, _Act] = {"vary": self._open_vary, "edit": self._open_edit}
        self._announced: frozenset[Action] = frozenset({"why", "place", "more", "story", "file"})
        """Those that answer with a message of their own."""

    async def press(self, interaction: discord.Interaction, control: Control) -> None:
        """A button. A form must be the first answer; everything else is acknowledged before it begins."""
        answer = Answer(interaction)
        try:
            if control.action in self._forms:
                async with asyncio.timeout(FORM_WITHIN_S):
                    await self._forms[control.action](interaction, answer, control)
            elif control.action not in self._presses:
                await refuse_outdated(interaction)
            elif await answer.acknowledge(control.action in self._announced or self._shows_privately(control)):
                await self._presses[control.action](interaction, answer, control)
        except Exception as error:
            await self._fail(interaction, answer, error)

    async def submit(self, interaction: discord.Interaction, control: Control) -> None:
        """A filled form."""
        answer = Answer(interaction)
        try:
            if await answer.acknowledge(control.private):
                values = read_modal(interaction)
                await self._writing.derive(interaction, answer, control, self.asks.of_form(control, values))
        except Exception as error:
            await answer.fail(error)

    def _shows_privately(self, control: Control) -> bool:
        return control.private and control.action not in ("stop", "undo", "delete")

    async def _fail(self, interaction: discord.Interaction, answer: Answer, error: Exception) -> None:
        """A form that could not be opened has acknowledged nothing yet."""
        if interaction.response.is_done() or await answer.acknowledge():
            await answer.fail(error)

    async def _derive(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        await self._writing.derive(interaction, answer, control, self.asks.of_control(control))

    async def _stop(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        await self._core.results.stop(await self._homes.invocation(interaction, control), control.request_id)

    async def _more(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        view = await self._core.results.show(await self._homes.invocation(interaction, control), control.request_id)
        row = button_row([Control(each, view.request_id, control.sample, view.private) for each in more_actions(view)])
        if row is None:
            raise InvalidOptions("That result is still being written; stop it or wait for its end.")
        await answer.offer("More for this result:", row)

    async def _why(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        invocation = await self._homes.invocation(interaction, control)
        insight = await self._core.insight.why(invocation, control.request_id, control.sample, answer.wait)
        await answer.show(await self._core.insight.picture(insight), *insight_lines(insight))
        if choices := places(insight, MOST_CHOICES):
            await answer.offer(ASK_PLACE, menu(replace(control, action="place"), choices))

    async def _choose_token(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        """Asked anew, as nothing is kept of what was shown."""
        invocation = await self._homes.invocation(interaction, control)
        insight = await self._core.insight.why(invocation, control.request_id, control.sample, answer.wait)
        choices = tokens(insight, chosen(interaction))
        await answer.offer(ASK_TOKEN, menu(replace(control, action="token"), choices))

    async def _branch(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        await self._writing.derive(interaction, answer, control, self.asks.of_choice(control, chosen(interaction)))

    async def _file(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        view = await self._core.results.show(await self._homes.invocation(interaction, control), control.request_id)
        await answer.give(result_document(view, control.sample))

    async def _undo(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        invocation = await self._homes.invocation(interaction, control)
        record = await self._core.story.find(invocation, control.request_id)
        before = await self._core.results.undo(invocation, control.request_id)
        await self._takedown.take_down(
            record, await self._core.posts.of(record.id), f"undone by @{invocation.requester.name}"
        )
        if before is not None:
            await answer.say("Taken out of the story; it goes on from the result before.")

    async def _delete(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        await self._takedown.delete(await self._homes.invocation(interaction, control), control.request_id)
        if control.private:
            await answer.say("Deleted. Whatever you still see of it only you see; dismiss it.")

    async def _open_vary(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        record = await self._core.story.find(await self._homes.invocation(interaction, control), control.request_id)
        await interaction.response.send_modal(vary_modal(control, record.options))

    async def _open_edit(self, interaction: discord.Interaction, answer: Answer, control: Control) -> None:
        record = await self._core.story.find(await self._homes.invocation(interaction, control), control.request_id)
        await interaction.response.send_modal(edit_modal(control, record.prompt))
