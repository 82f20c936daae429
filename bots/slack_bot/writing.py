"""Asks the core for text, and says what the one who asked can't see for themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bots.asks import Ask
from bots.commands.comparison import Comparison
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.controls import Control
from bots.core import Core
from bots.slack_bot.answers import Answer
from bots.slack_bot.deeds import Deed
from bots.slack_bot.front import SlackFront
from bots.slack_bot.people import People
from bots.slack_bot.place import Layout, Place, beside, direct_place, read_place
from bots.slack_bot.reply import SlackReply

PRIVATE = "Only you see it: the result is in our direct messages."


class Writing:
    def __init__(self, core: Core, front: SlackFront, people: People) -> None:
        self._core = core
        self._front = front
        self._people = people

    async def complete(self, deed: Deed, answer: Answer, given: Completion, private: bool = False) -> None:
        """Under a root of its own; in the thread where it was asked, if that was in one."""
        place = self._new_place(deed, private)
        await self.ask(
            deed, answer, place, lambda invocation, reply: self._core.story.complete(invocation, reply, given)
        )
        if private:
            await answer.say(PRIVATE)

    async def compare(self, deed: Deed, answer: Answer, given: Comparison) -> None:
        """Both results in one thread, the second after the first."""
        await self.ask(
            deed,
            answer,
            self._new_place(deed, given.private),
            lambda invocation, reply: self._core.story.compare(invocation, reply, given.first, given.second),
        )
        if given.private:
            await answer.say(PRIVATE)

    def _new_place(self, deed: Deed, private: bool) -> Place:
        if private:
            return direct_place(deed.user)
        layout: Layout = "reply" if deed.thread else "thread"
        return Place(layout=layout, channel=deed.channel, user=deed.user, thread=deed.thread)

    async def derive(self, deed: Deed, answer: Answer, control: Control, ask: Ask) -> None:
        """What comes of a result: beside it, as privately as it is."""
        origin = await self._core.story.find(self._people.hasty(deed), control.request_id)
        place = read_place(origin.reply_ref, origin.channel, origin.requester_id)
        await self.ask(deed, answer, beside(place, deed.user), ask)

    async def ask(
        self,
        deed: Deed,
        answer: Answer,
        place: Place,
        ask: Callable[[Invocation, SlackReply], Awaitable[object]],
    ) -> None:
        invocation = await self._people.invocation(deed, place)
        reply = self._front.reply(invocation.workspace, place)
        await ask(invocation, reply)
        if reply.note is not None:
            await answer.say(reply.note)
