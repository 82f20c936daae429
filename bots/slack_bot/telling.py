"""/complete-story, `@Inkling story`, and the button that tells the story of a result."""

from __future__ import annotations

from backends.store.records import RequestRecord
from bots.commands.tree import StoryAsk, Told, parse_story
from bots.controls import Control
from bots.core import Core
from bots.slack_bot.answers import Answer
from bots.slack_bot.deeds import Deed
from bots.slack_bot.incoming import read_typed
from bots.slack_bot.people import People
from bots.slack_bot.place import is_in
from bots.story_tree import NodeKey

IN_DIRECT_MESSAGES = "It is in our direct messages: Slack has no files for one person alone."


class Telling:
    def __init__(self, core: Core, people: People) -> None:
        self._core = core
        self._people = people

    async def type(self, deed: Deed, answer: Answer, typed: str) -> None:
        """The channel's latest story; in a thread the thread's."""
        ask = parse_story(read_typed(typed))
        invocation = await self._people.invocation(deed)

        def is_here(record: RequestRecord) -> bool:
            return deed.thread is None or is_in(record, deed.channel, deed.thread)

        at = await self._core.tree.latest(invocation, is_here)
        await _give(answer, await self._core.tree.tell(invocation, ask, at))

    async def press(self, deed: Deed, answer: Answer, control: Control) -> None:
        """To read, and as a picture."""
        invocation = await self._people.invocation(deed)
        at = NodeKey(control.request_id, control.sample)
        await _give(answer, await self._core.tree.tell(invocation, StoryAsk("read"), at))
        await _give(answer, await self._core.tree.tell(invocation, StoryAsk("picture"), at))


async def _give(answer: Answer, told: Told) -> None:
    if told.attachment is None:
        await answer.say(*told.said)
        return
    await answer.give(told.attachment)
    await answer.say(IN_DIRECT_MESSAGES)
