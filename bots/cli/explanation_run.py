"""One `inkling explain`, through the core, with a store that lives as long as the command."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from ulid import ULID

from bots.cli.brief_core import WORKSPACE, YOU, open_core
from bots.cli.completion_run import quiet_logging
from bots.cli.explanation_bars import explanation_lines
from bots.cli.terminal import Terminal
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
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
        async with open_core(self._settings, with_presets=given.preset is not None) as core:
            self._terminal.wait("Waking the model.")
            try:
                invocation = Invocation(str(ULID()), WORKSPACE, "terminal", YOU)
                return await core.insight.explain(invocation, given, self._terminal.change_wait)
            finally:
                self._terminal.end_wait()


def run_explanation(settings: Settings, given: Completion, picture: Path | None, as_json: bool) -> int:
    """The exit code."""
    terminal = Terminal.standard()
    insight = asyncio.run(ExplanationRun(settings, terminal).run(given))
    if picture is not None:
        write_picture(insight, picture)
    if as_json:
        terminal.write(json.dumps(insight_json(with_text(insight)), ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write("\n".join(explanation_lines(insight)) + "\n")
    return 0


def with_text(insight: Insight) -> Insight:
    """With what --choose can choose, where the written tokens are text."""
    try:
        return replace(insight, sample=b"".join(each.token for each in insight.written).decode())
    except UnicodeDecodeError:
        return insight


def write_picture(insight: Insight, path: Path) -> None:
    """Raises InvalidOptions where it can't be written."""
    from bots.insight.drawing.picture import draw_png

    try:
        path.write_bytes(draw_png(insight))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InvalidOptions(f"I can't write the picture to {path} ({reason}).") from error
