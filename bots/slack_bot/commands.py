"""The slash commands, and the forms some of them open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from bots.commands.command_line import parse_completion
from bots.commands.comparison import parse_comparison
from bots.commands.setting_names import find_setting, read_value
from bots.commands.settings import setting_rows
from bots.core import Core
from bots.insight.table import insight_lines
from bots.slack_bot.answers import Answer, sentence_of
from bots.slack_bot.deeds import Deed
from bots.slack_bot.forms import complete_form, config_form, notice, suggestions
from bots.slack_bot.ids import check_rule
from bots.slack_bot.incoming import read_typed
from bots.slack_bot.markup import Block
from bots.slack_bot.people import People
from bots.slack_bot.workspaces import Workspaces
from bots.slack_bot.writing import Writing
from config.errors import InklingError, InvalidOptions

PREFIX = "/complete-"
PICTURE_SENT = "The picture of it is in our direct messages."
_HELP_WORDS = ("help", "--help", "?")
_IN_THREADS = "In threads, where Slack has no commands, say it to me: @Inkling continue, or @Inkling and a text."

log = structlog.get_logger(__name__)


class Commands:
    def __init__(self, core: Core, writing: Writing, people: People, workspaces: Workspaces) -> None:
        self._core = core
        self._writing = writing
        self._people = people
        self._workspaces = workspaces

    async def complete(self, deed: Deed, answer: Answer, typed: str) -> None:
        """/complete; alone it opens a form."""
        text = read_typed(typed)
        if not text.strip():
            await self._open(deed, complete_form(deed))
        elif text.strip().lower() in _HELP_WORDS:
            await self.help(deed, answer)
        else:
            given = parse_completion(text)
            await self._writing.complete(deed, answer, given.completion, given.private)

    async def compare(self, deed: Deed, answer: Answer, typed: str) -> None:
        """/complete-compare."""
        await self._writing.compare(deed, answer, parse_comparison(read_typed(typed)))

    async def help(self, deed: Deed, answer: Answer) -> None:
        lines = await self._core.typed.run(await self._people.invocation(deed), "help")
        await answer.say(*lines, _IN_THREADS)

    async def explain(self, deed: Deed, answer: Answer, typed: str) -> None:
        """/complete-explain: the picture in direct messages, since Slack has none for one person in a channel."""
        given = parse_completion(read_typed(typed)).completion
        insight = await self._core.insight.explain(await self._people.invocation(deed), given, answer.say)
        await answer.give(await self._core.insight.picture(insight))
        await answer.quote("\n".join([PICTURE_SENT, *insight_lines(insight)]))

    async def type(self, deed: Deed, answer: Answer, command: str, typed: str) -> None:
        """A command whose answer is a few lines: the core reads it, and words the answer."""
        invocation = await self._people.invocation(deed)
        await answer.say(*await self._core.typed.run(invocation, command, read_typed(typed)))

    async def config(self, deed: Deed, answer: Answer, typed: str) -> None:
        """/complete-config: who may use it is asked anew each time; alone it opens a form."""
        text = read_typed(typed).strip()
        if not text:
            await self._open_config(deed)
            return
        if text.split()[0].lower() == "role":
            raise InvalidOptions("Slack tells me of no roles; allow or deny users and channels instead.")
        check_rule(text)
        invocation = await self._people.invocation(deed, fresh=True)
        lines = await self._core.typed.run(invocation, "config", text)
        # What is exported is to be imported again, letter by letter.
        await (answer.quote("\n".join(lines)) if text.lower() == "export" else answer.say(*lines))

    async def _open_config(self, deed: Deed) -> None:
        """Slack waits three seconds for a form, so it opens before anybody is asked who this is."""
        view_id = await self._open(deed, notice("Settings", "One moment …"))
        api = await self._workspaces.api(deed.team)
        await api.update_view(view_id, await self._config_view(deed))

    async def _config_view(self, deed: Deed) -> Block:
        try:
            settings = await self._core.rules.show(await self._people.invocation(deed, fresh=True))
        except InklingError as error:
            return notice("Settings", sentence_of(error))
        return config_form(deed, setting_rows(settings))

    async def save(self, deed: Deed, answer: Answer, changed: Mapping[str, str]) -> None:
        """A filled settings form. All of it is saved before anybody is told, which may fail."""
        invocation = await self._people.invocation(deed, fresh=True)
        lines = []
        for name, value in changed.items():
            try:
                await self._core.rules.set(invocation, name, value)
                lines.append(f"{name} is now {value}. It holds from the next request on.")
            except InvalidOptions as error:
                lines.append(error.sentence)
        await answer.say(*lines or ("Nothing was changed.",))

    async def suggest(self, deed: Deed, which: str, typed: str) -> list[Block]:
        """What a form's menu offers."""
        invocation, found = self._people.hasty(deed), self._core.suggestions
        find = found.presets if which == "preset" else found.models
        return suggestions(await find(invocation, typed))

    async def _open(self, deed: Deed, view: Block) -> str:
        return await (await self._workspaces.api(deed.team)).open_view(deed.trigger, view)


def check_settings(changed: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the values of a settings form, by field, as far as that can be told at once."""
    problems = {}
    for name, value in changed.items():
        try:
            read_value(find_setting(name), value)
        except InvalidOptions as error:
            problems[name] = error.sentence
    return problems
