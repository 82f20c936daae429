"""What a button, a reaction or a filled form asks the story for; the same on every platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from backends.store.records import Accepted
from bots.choosing import read_fork
from bots.commands.invocation import Invocation
from bots.commands.story import StoryCommands
from bots.controls import Control
from bots.forms import read_vary
from bots.reply import Reply

Ask = Callable[[Invocation, Reply], Awaitable[Accepted]]
"""To be called with who asks and where the result will be shown."""


class Asks:
    def __init__(self, story: StoryCommands) -> None:
        self._story = story

    def of_control(self, control: Control) -> Ask:
        """A button's or a reaction's."""
        story, its_id = self._story, control.request_id
        if control.action in ("continue", "pick"):
            return lambda invocation, reply: story.continue_from(invocation, reply, its_id, control.sample)
        same = control.action == "same_seed"
        return lambda invocation, reply: story.regenerate(invocation, reply, its_id, same_seed=same)

    def of_choice(self, control: Control, value: str) -> Ask:
        """Another token than the one that was taken."""
        fork, story = read_fork(value), self._story
        return lambda invocation, reply: story.branch(invocation, reply, control.request_id, fork, control.sample)

    def of_form(self, control: Control, values: Mapping[str, str]) -> Ask:
        """Vary's or Edit's, filled with these values."""
        if control.action == "edit":
            prompt, story = values.get("prompt", ""), self._story
            return lambda invocation, reply: story.edit(invocation, reply, control.request_id, prompt)
        return lambda invocation, reply: self._vary(invocation, reply, control.request_id, values)

    async def _vary(self, invocation: Invocation, reply: Reply, request_id: str, values: Mapping[str, str]) -> Accepted:
        """Only what was changed counts: what the form showed may be clamped or shortened by now."""
        options = (await self._story.find(invocation, request_id)).options
        return await self._story.vary(invocation, reply, request_id, read_vary(values, options))
