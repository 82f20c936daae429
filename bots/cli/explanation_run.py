"""One `inkling explain`, through the core, with a store that lives as long as the command."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

from ulid import ULID

from backends.factory import Backends
from backends.store.sqlite import SqliteStore
from bots.cli.completion_run import WORKSPACE, YOU, quiet_logging
from bots.cli.explanation_bars import explanation_lines
from bots.cli.presets import borrow_presets
from bots.cli.terminal import Terminal
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.core import Core
from bots.insight.insight import Insight
from bots.insight.payload import insight_json
from config.errors import InvalidOptions
from config.settings import Settings


class ExplanationRun:
    def __init__(self, settings: Settings, terminal: Terminal) -> None:
        self._settings = settings
        self._terminal = terminal

    async def run(self, given: Completion) -> Insight:
        """Raises what went wrong."""
        quiet_logging(self._settings.log)
        async with AsyncExitStack() as closing:
            store = await SqliteStore.open(None)
            closing.push_async_callback(store.aclose)
            backends = Backends.from_settings(self._settings)
            closing.push_async_callback(backends.aclose)
            core = Core(self._settings, store, backends)
            closing.push_async_callback(core.aclose)
            if given.preset:
                await borrow_presets(self._settings, store, WORKSPACE, YOU.id)
            self._terminal.wait("Waking the model.")
            try:
                return await core.insight.explain(Invocation(str(ULID()), WORKSPACE, "terminal", YOU), given)
            finally:
                self._terminal.end_wait()


def run_explanation(settings: Settings, given: Completion, picture: Path | None, as_json: bool) -> int:
    """The exit code."""
    terminal = Terminal.standard()
    insight = asyncio.run(ExplanationRun(settings, terminal).run(given))
    if picture is not None:
        _draw(insight, picture)
    if as_json:
        terminal.write(json.dumps(insight_json(insight), ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write("\n".join(explanation_lines(insight)) + "\n")
    return 0


def _draw(insight: Insight, path: Path) -> None:
    from bots.insight.drawing.picture import draw_png

    try:
        path.write_bytes(draw_png(insight))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidOptions(f"I can't write the picture to {path} ({reason}).") from error
