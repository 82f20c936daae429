"""Commands typed as text, where there are no forms: `/config set length 100`, `/presets save poem top_k=0`.

/complete is not among them: its answer is a result, and `command_line.parse_completion` reads it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bots.commands.command_line import parse_completion, parse_options
from bots.commands.help import help_lines
from bots.commands.insight import InsightCommands
from bots.commands.invocation import Invocation
from bots.commands.people import PeopleCommands
from bots.commands.settings import SettingsCommands
from bots.commands.status import StatusCommand
from bots.commands.typed_config import TypedConfig
from bots.commands.usual_settings import usual_texts
from bots.commands.words import Lines, check_usable, choose, needed, split_first
from bots.insight.table import insight_lines
from bots.presenter import shown
from config.sampling import SamplingOverrides
from config.settings import Settings

_Handler = Callable[[Invocation, str], Awaitable[Lines]]


class TypedCommands:
    """Runs every command whose answer is a few lines for the one who typed it."""

    def __init__(
        self,
        people: PeopleCommands,
        rules: SettingsCommands,
        status: StatusCommand,
        insight: InsightCommands,
        settings: Settings,
        default_backend: str,
    ) -> None:
        self._people = people
        self._rules = rules
        self._status = status
        self._insight = insight
        self._limits = settings.limits
        self._handlers: Mapping[str, _Handler] = {
            "explain": self._explain,
            "status": self._say_status,
            "presets": self._presets,
            "forget-me": self._forget_me,
            "help": self._help,
            "config": TypedConfig(rules, usual_texts(settings, default_backend)).run,
        }

    async def run(self, invocation: Invocation, command: str, text: str = "") -> Lines:
        """The answer to `/command text`. Raises InvalidOptions for unknown words, and what the commands raise."""
        handler = choose(command, self._handlers, "command")
        return await handler(invocation, check_usable(text).strip())

    async def _say_status(self, invocation: Invocation, text: str) -> Lines:
        return (await self._status.status(invocation)).lines

    async def _explain(self, invocation: Invocation, text: str) -> Lines:
        return insight_lines(await self._insight.explain(invocation, parse_completion(text).completion))

    async def _help(self, invocation: Invocation, text: str) -> Lines:
        return help_lines(await self._rules.ceilings(invocation), self._limits)

    async def _presets(self, invocation: Invocation, text: str) -> Lines:
        verb, rest = split_first(text)
        handlers: Mapping[str, _Handler] = {
            "": self._list_presets,
            "list": self._list_presets,
            "save": self._save_preset,
            "delete": self._delete_preset,
        }
        return await choose(verb, handlers, "word after /presets")(invocation, rest)

    async def _list_presets(self, invocation: Invocation, text: str) -> Lines:
        presets = await self._people.presets(invocation)
        mine = [f"{name}: {options_text(options)}" for name, options in sorted(presets.personal.items())]
        shared = [f"{name}: {options_text(options)} (everybody's)" for name, options in sorted(presets.shared.items())]
        none = "There are no presets yet. Save one with /presets save poem temperature=1.2"
        return (*mine, *shared) or (none,)

    async def _save_preset(self, invocation: Invocation, text: str) -> Lines:
        name, rest = split_first(text)
        overrides = parse_options(rest)
        await self._people.save_preset(invocation, needed(name, "/presets save poem temperature=1.2"), overrides)
        return (f"Saved {name}: {options_text(overrides)}. Use it with /complete preset={name}",)

    async def _delete_preset(self, invocation: Invocation, text: str) -> Lines:
        name = needed(text, "/presets delete poem")
        await self._people.delete_preset(invocation, name)
        return (f"Deleted your preset {name}.",)

    async def _forget_me(self, invocation: Invocation, text: str) -> Lines:
        handlers: Mapping[str, _Handler] = {"": self._show_mine, "show": self._show_mine, "erase": self._erase_mine}
        return await choose(text, handlers, "word after /forget-me")(invocation, "")

    async def _show_mine(self, invocation: Invocation, text: str) -> Lines:
        records = await self._people.my_data(invocation)
        presets = len((await self._people.presets(invocation)).personal)
        if not records and not presets:
            return ("I keep nothing about you here.",)
        since = f", the oldest from {records[0].created_at:%Y-%m-%d}" if records else ""
        return (
            f"I keep {len(records):,} of your requests with their results{since}, and {presets} of your presets.",
            "/forget-me erase removes all of it for good.",
        )

    async def _erase_mine(self, invocation: Invocation, text: str) -> Lines:
        erased = await self._people.forget_me(invocation)
        return (f"Erased {erased:,} of your requests, their results and your presets.",)


def options_text(options: SamplingOverrides) -> str:
    """`temperature 1.2 · top_k 0`."""
    return " · ".join(f"{name} {shown(value)}" for name, value in options.given().items())
