"""The Home tab: one's presets, one's last results and, for admins, the settings."""

from __future__ import annotations

from bots.commands.invocation import Invocation
from bots.commands.typed import options_text
from bots.core import Core
from bots.slack_bot.blocks import header, section, sections
from bots.slack_bot.deeds import Deed
from bots.slack_bot.markup import Block
from bots.slack_bot.people import People
from bots.slack_bot.workspaces import Workspaces
from config.text import shorten

MOST_RESULTS, MOST_PRESETS = 10, 20
_GREETING = (
    "Write /complete and a text in a channel, and I finish it. /complete alone opens a form; /complete-help has it all."
)


class Home:
    def __init__(self, core: Core, people: People, workspaces: Workspaces) -> None:
        self._core = core
        self._people = people
        self._workspaces = workspaces

    async def show(self, deed: Deed) -> None:
        invocation = await self._people.invocation(deed, fresh=True)
        blocks = [
            section(_GREETING),
            *await self._presets(invocation),
            *await self._results(invocation),
            *await self._settings(invocation),
        ]
        api = await self._workspaces.api(deed.team)
        await api.publish_home(deed.user, {"type": "home", "blocks": blocks})

    async def _presets(self, invocation: Invocation) -> list[Block]:
        presets = await self._core.people.presets(invocation)
        mine = [f"{name}: {options_text(options)}" for name, options in sorted(presets.personal.items())]
        none = "None yet. Save one with /complete-presets save poem temperature=1.2"
        return [header("Your presets"), *sections("\n".join(mine[:MOST_PRESETS]) or none)]

    async def _results(self, invocation: Invocation) -> list[Block]:
        records = (await self._core.people.my_data(invocation))[-MOST_RESULTS:]
        lines = [f"{shorten(' '.join(each.prompt.split()), 120)} · {each.status}" for each in reversed(records)]
        return [header("Your last results"), *sections("\n".join(lines) or "None yet.")]

    async def _settings(self, invocation: Invocation) -> list[Block]:
        if not invocation.requester.is_admin:
            return []
        lines = await self._core.typed.run(invocation, "config")
        told = shorten_lines([*lines, "", "Change them with /complete-config."])
        return [header("Settings of this workspace"), *sections(told)]


def shorten_lines(lines: list[str]) -> str:
    return "\n".join(shorten(line, 100) if line else "" for line in lines)
