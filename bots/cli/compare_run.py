"""One `inkling compare` from two sides to exit code: through the core, with a store of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text
from ulid import ULID

from backends.store.records import RequestRecord
from bots.cli.brief_core import WORKSPACE, YOU, open_core
from bots.cli.completion_run import quiet_logging
from bots.cli.interrupts import Interrupts, wait_for_first
from bots.cli.observation import Observation
from bots.cli.streamed_reply import WaitingReply
from bots.cli.terminal import Terminal, visible
from bots.commands.comparison import Comparison
from bots.commands.invocation import Invocation
from bots.core import Core
from bots.insight.spelling import show_directions
from bots.views import ResultView
from config.errors import EngineFailed
from config.settings import Settings

BETWEEN = "---\n"


class _WaitingFront:
    """Shows only why there is no text yet: both sides are written when both have ended."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def reply(self) -> WaitingReply:
        return WaitingReply(self._terminal, Observation())

    def reopen(self, record: RequestRecord) -> WaitingReply:
        return self.reply()

    def beside(self, record: RequestRecord, origin: RequestRecord) -> WaitingReply:
        return self.reply()


class CompareRun:
    def __init__(self, settings: Settings, terminal: Terminal) -> None:
        self._settings = settings
        self._terminal = terminal

    def start(self, given: Comparison) -> int:
        return asyncio.run(self._run(given))

    async def _run(self, given: Comparison) -> int:
        quiet_logging(self._settings.log)
        async with open_core(self._settings, with_presets=True) as core:
            with Interrupts() as interrupts:
                views = await self._compare(core, given, interrupts)
                self._terminal.end_wait()
                self._show(views)
                return interrupts.exit_code or _checked(views)

    async def _compare(self, core: Core, given: Comparison, interrupts: Interrupts) -> list[ResultView]:
        """Until both have ended, by themselves or by a signal."""
        invocation = Invocation(str(ULID()), WORKSPACE, "terminal", YOU)
        front = _WaitingFront(self._terminal)
        core.register("cli", front)
        accepted = await core.story.compare(invocation, front.reply(), given.first, given.second)
        ids = [each.record.id for each in accepted]

        async def both_end() -> None:
            for each in ids:
                await core.jobs.wait(each)

        await wait_for_first(both_end(), interrupts.wait(), self._reader_left())
        for each in ids:
            await core.jobs.stop(each, YOU.name)
        return [await core.results.show(invocation, each) for each in ids]

    async def _reader_left(self) -> None:
        await self._terminal.gone.wait()

    def _show(self, views: Sequence[ResultView]) -> None:
        if sys.stdout.isatty():
            Console(file=sys.stdout, highlight=False).print(_columns(views))
            return
        for number, view in enumerate(views):
            self._terminal.say(_heading(view), "dim")
            self._terminal.write(BETWEEN if number else "")
            self._terminal.write(_texts(view) + "\n")
            for footer in _footers(view):
                self._terminal.say(footer, "dim")


def _columns(views: Sequence[ResultView]) -> Table:
    table = Table.grid(padding=(0, 3), expand=True)
    for _ in views:
        table.add_column(ratio=1, overflow="fold")
    table.add_row(*(Text(visible(_heading(view)), "dim") for view in views))
    table.add_row(*(Text(_beside(view.prompt), "bold") + Text(_beside(_texts(view)), "not bold") for view in views))
    table.add_row(*(Text(visible("\n".join(_footers(view))), "dim") for view in views))
    return table


def _beside(text: str) -> str:
    """It may turn neither the terminal nor what stands in the other column."""
    return visible(show_directions(text))


def _heading(view: ResultView) -> str:
    """Here is nobody else whom it could be for."""
    return view.heading.removesuffix(f" · for @{YOU.name}")


def _footers(view: ResultView) -> list[str]:
    """With its seed, which gives it again."""
    return [sample.footer for sample in view.samples]


def _texts(view: ResultView) -> str:
    return "\n\n".join(sample.text for sample in view.samples)


def _checked(views: Sequence[ResultView]) -> int:
    for view in views:
        if view.status == "failed":
            raise EngineFailed(view.error or "One side failed.")
    return 0
