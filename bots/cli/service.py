"""`inkling chat` and `inkling run`: everything up until a signal comes."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import suppress

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.text import Text

from backends.protocol import Backend
from bots.cli.browser import open_browser
from bots.cli.interrupts import Interrupts, wait_for_first
from bots.installation import Installation, open_installation
from config.log import configure_logging
from config.settings import LogSettings, Settings

LOOK_EVERY_S = 0.5


class ChatService:
    """The page for one person on this machine: a panel with its address, the browser, the model's progress."""

    def __init__(self, settings: Settings, browser: bool) -> None:
        self._settings = settings
        self._browser = browser
        self._console = Console(file=sys.stdout, highlight=False)

    async def run(self) -> int:
        """Until Ctrl-C or SIGTERM; returns the exit code."""
        configure_logging(_log_settings(self._settings.log))
        with Interrupts() as interrupts:
            async with open_installation(self._settings) as inkling:
                self._greet(inkling)
                await wait_for_first(interrupts.wait(), self._accompany(inkling.backend))
                self._say("Stopping; open requests are kept and go on next time.", "dim")
        return 0

    def _greet(self, inkling: Installation) -> None:
        addresses = "\n".join(f"{front.name}: {front.address}" for front in inkling.fronts)
        if self._console.is_terminal:
            body = Text(f"{addresses}\n\nCtrl-C stops it. /help on the page lists the commands.")
            self._console.print(Panel(body, title="Inkling", border_style="cyan", expand=False, padding=(0, 2)))
        else:
            self._say(addresses)
        if self._browser and self._console.is_terminal:
            open_browser(inkling.fronts[0].address)

    async def _accompany(self, backend: Backend) -> None:
        """Tell how the model gets ready, then stay."""
        began = time.monotonic()
        status = Status("", console=self._console)
        if self._console.is_terminal:
            status.start()
        try:
            health = await backend.health()
            while health.state == "starting":
                status.update(Text(f"Waking the model. {health.detail}", "dim"))
                await asyncio.sleep(LOOK_EVERY_S)
                health = await backend.health()
        finally:
            status.stop()
        if health.state == "ready":
            self._say(f"{health.model or backend.name} is ready ({time.monotonic() - began:.1f} s).", "green")
        else:
            self._say(health.detail, "dim" if health.state == "asleep" else "red")
        await asyncio.Event().wait()

    def _say(self, line: str, style: str = "") -> None:
        with suppress(OSError):  # The terminal may be gone; what is to be closed is closed nevertheless.
            self._console.print(Text(line, style))


class UnattendedService:
    """Every front, for servers: says what it does in its log only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self) -> int:
        import structlog

        configure_logging(self._settings.log)
        log = structlog.get_logger(__name__)
        with Interrupts() as interrupts:
            async with open_installation(self._settings) as inkling:
                for front in inkling.fronts:
                    log.info("front.started", front=front.name, address=front.address)
                await interrupts.wait()
                log.info("service.stopping", signal=interrupts.received.name if interrupts.received else None)
        return 0


def _log_settings(settings: LogSettings) -> LogSettings:
    """On a terminal with a spinner only what is wrong is worth a line, unless a level was set."""
    return settings if "level" in settings.model_fields_set else settings.model_copy(update={"level": "warning"})
