"""What is said to the bot in channels, threads and direct messages: there Slack has no commands in threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from backends.store.records import RequestRecord
from bots.commands.command_line import parse_completion, parse_options
from bots.commands.invocation import Invocation
from bots.commands.tree import is_story
from bots.commands.words import split_first
from bots.controls import Control
from bots.core import Core
from bots.slack_bot.acts import Acts
from bots.slack_bot.answers import Answer
from bots.slack_bot.commands import Commands
from bots.slack_bot.deeds import Deed
from bots.slack_bot.incoming import read_message
from bots.slack_bot.people import People
from bots.slack_bot.place import address_of, is_in
from bots.slack_bot.telling import Telling
from bots.slack_bot.writing import Writing
from bots.views import Action
from config.errors import NotFound

_Do = Callable[[Deed, Answer, str], Awaitable[None]]


class Mentions:
    def __init__(
        self, core: Core, writing: Writing, acts: Acts, commands: Commands, people: People, telling: Telling
    ) -> None:
        self._core = core
        self._writing = writing
        self._acts = acts
        self._commands = commands
        self._people = people
        self._telling = telling
        self._words: Mapping[str, _Do] = {
            "continue": self._continue,
            "again": self._again,
            "stop": self._stop,
            "help": self._help,
            "": self._help,
        }

    async def say(self, deed: Deed, answer: Answer, said: str) -> None:
        """`continue`, `again`, `stop`, `help`, maybe with options, and `story`; anything else is a text to finish."""
        text = read_message(said)
        word, rest = split_first(text)
        if word.lower() == "story" and is_story(rest):
            await self._telling.type(deed, answer, rest)
            return
        do = self._words.get(word.lower())
        if do is not None and (not rest or _is_options(rest)):
            await do(deed, answer, rest)
        else:
            given = parse_completion(text)
            await self._writing.complete(deed, answer, given.completion, given.private)

    async def _help(self, deed: Deed, answer: Answer, rest: str) -> None:
        await self._commands.help(deed, answer)

    async def _continue(self, deed: Deed, answer: Answer, rest: str) -> None:
        overrides, latest = parse_options(rest), await self._latest(deed)
        control = Control("continue", latest.id, 0)
        await self._writing.derive(
            deed,
            answer,
            control,
            lambda invocation, reply: self._core.story.continue_from(invocation, reply, latest.id, 0, overrides),
        )

    async def _again(self, deed: Deed, answer: Answer, rest: str) -> None:
        await self._press(deed, answer, "again")

    async def _stop(self, deed: Deed, answer: Answer, rest: str) -> None:
        await self._press(deed, answer, "stop")

    async def _press(self, deed: Deed, answer: Answer, action: Action) -> None:
        latest = await self._latest(deed)
        if action == "stop":
            await self._core.results.stop(await self._people.invocation(deed), latest.id)
        else:
            control = Control(action, latest.id)
            await self._writing.derive(deed, answer, control, self._acts.asks.of_control(control))

    async def _latest(self, deed: Deed) -> RequestRecord:
        """The last result of this thread that is still part of the story."""
        invocation = self._people.hasty(deed)
        for view in reversed(await self._core.results.history(invocation)):
            record = await self._core.story.find(invocation, view.request_id)
            if is_in(record, deed.channel, deed.thread):
                return record
        return await self._of_root(invocation, deed)

    async def _of_root(self, invocation: Invocation, deed: Deed) -> RequestRecord:
        """In a busy channel the thread's first result may be further back."""
        try:
            post = await self._core.results.at(invocation, address_of(deed.channel, deed.thread or ""))
        except NotFound:
            raise NotFound(
                "There is no result of mine in this thread; write @Inkling and the text to finish."
            ) from None
        return await self._core.story.find(invocation, post.request_id)


def _is_options(text: str) -> bool:
    """Whether nothing but options follow the word: then it is one of ours, else it begins a text."""
    return not parse_completion(text).completion.prompt.strip()
