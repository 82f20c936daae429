"""One `inkling complete` from prompt to exit code: through the core, with a store that lives as long as the command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from ulid import ULID

from backends.factory import Backends
from backends.store.protocol import Store
from bots.asks import Ask
from bots.cli.brief_core import WORKSPACE, YOU, open_core
from bots.cli.completion_report import report
from bots.cli.exit_codes import READER_LEFT
from bots.cli.interrupts import Interrupts, wait_for_first
from bots.cli.observation import Observation, ObservedBackends
from bots.cli.streamed_reply import StreamedReply, WaitingReply
from bots.cli.terminal import Terminal
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.core import Core
from config.errors import EngineFailed
from config.log import configure_logging
from config.settings import LogSettings, Settings

Prepare = Callable[[Core, Completion], Awaitable[Ask]]
"""Makes of what was given what is to be asked for; may have something else written first."""


async def ask_at_once(core: Core, given: Completion) -> Ask:
    return lambda invocation, reply: core.story.complete(invocation, reply, given)


class CompletionRun:
    """Runs one completion. `as_json`: one object at the end instead of the text as it comes."""

    def __init__(self, settings: Settings, terminal: Terminal, as_json: bool) -> None:
        self._settings = settings
        self._terminal = terminal
        self._as_json = as_json
        self._observation = Observation()

    async def run(self, given: Completion, prepare: Prepare = ask_at_once) -> int:
        """The exit code. Raises what went wrong, after showing the text so far."""
        quiet_logging(self._settings.log)
        presets = given.preset is not None
        async with open_core(self._settings, with_presets=presets, watch=self._observed) as core:
            with Interrupts() as interrupts:
                ask = await _unless_interrupted(prepare(core, given), interrupts)
                if ask is not None:
                    request_id = await self._complete(core, given, ask, interrupts)
                    await self._conclude(core.store, request_id)
                return interrupts.exit_code or self._written()

    def _observed(self, backends: Backends) -> ObservedBackends:
        return ObservedBackends(backends, self._observation)

    async def _complete(self, core: Core, given: Completion, ask: Ask, interrupts: Interrupts) -> str:
        """Until it has ended, by itself, by a signal, or because nobody reads it any more."""
        reply = (
            WaitingReply(self._terminal, self._observation)
            if self._as_json
            else StreamedReply(self._terminal, self._observation, given.prompt)
        )
        request_id = (await ask(Invocation(str(ULID()), WORKSPACE, "terminal", YOU), reply)).record.id
        await wait_for_first(core.jobs.wait(request_id), interrupts.wait(), self._reader_left())
        await core.jobs.stop(request_id, YOU.name)
        return request_id

    async def _reader_left(self) -> None:
        await self._terminal.gone.wait()

    async def _conclude(self, store: Store, request_id: str) -> None:
        record = await store.request(request_id)
        assert record is not None, "nothing deletes from a store of our own"
        if self._as_json:
            told = report(record, await store.samples(request_id), self._observation)
            self._terminal.write(told.model_dump_json(indent=2) + "\n")
        if record.status == "failed":
            raise self._observation.error or EngineFailed(record.error or "The completion failed.")

    def _written(self) -> int:
        """0, or the exit code of a command whose reader left. Raises when the text could not be written."""
        error = self._terminal.write_error
        if error is None:
            return 0
        if self._terminal.reader_left:
            return READER_LEFT
        raise EngineFailed(f"I can't write to standard output: {(error.strerror or str(error)).lower()}.")


async def _unless_interrupted(preparing: Awaitable[Ask], interrupts: Interrupts) -> Ask | None:
    """None when a signal came first."""
    prepared: list[Ask] = []

    async def prepare() -> None:
        prepared.append(await preparing)

    await wait_for_first(prepare(), interrupts.wait())
    return prepared[0] if prepared else None


def quiet_logging(settings: LogSettings) -> None:
    """One command says what it has to say in sentences; its log is for those who set a level."""
    if "level" in settings.model_fields_set:
        configure_logging(settings)
    else:
        configure_logging(settings, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def run_completion(settings: Settings, given: Completion, as_json: bool) -> int:
    return asyncio.run(CompletionRun(settings, Terminal.standard(), as_json).run(given))
