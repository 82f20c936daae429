"""Ctrl-C, SIGTERM and a closing terminal as something to wait for: the first asks to stop, a second ends as usual."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Use it as a context in a running loop. `received` is the first signal that came."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        # Who starts a command with nohup wants it to outlive the terminal.
        outlives = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._signals = [each for each in _SIGNALS if each is not signal.SIGHUP or not outlives]
        self.received: signal.Signals | None = None

    def __enter__(self) -> Self:
        for each in self._signals:
            asyncio.get_running_loop().add_signal_handler(each, self._receive, each)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore()

    @property
    def exit_code(self) -> int:
        """As shells report a process ended by that signal; 0 when none came."""
        return 0 if self.received is None else 128 + self.received

    async def wait(self) -> None:
        await self._event.wait()

    def _receive(self, received: signal.Signals) -> None:
        self.received = received
        self._event.set()
        self._restore()

    def _restore(self) -> None:
        for each in self._signals:
            asyncio.get_running_loop().remove_signal_handler(each)


async def wait_for_first(*waits: Coroutine[Any, Any, None]) -> None:
    """Until one of them is done; the others are cancelled. Raises what the first one raised."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
