"""`inkling explain --choose`: a completion that leaves the explained one at one of its tokens, for another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ulid import ULID

from bots.asks import Ask
from bots.cli.brief_core import WORKSPACE, YOU
from bots.cli.completion_run import CompletionRun
from bots.cli.explanation_run import with_text, write_picture
from bots.cli.observation import Observation
from bots.cli.streamed_reply import WaitingReply
from bots.cli.terminal import Terminal
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.core import Core
from bots.forks import fork_at, token_at
from bots.insight.choices import Taken
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from config.errors import EngineFailed, InvalidOptions
from config.settings import Settings
from config.text import shorten


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """Which written token to leave, and which of the others there to take, the likeliest first; counted from 1."""

    position: int
    rank: int | None = None
    """None: whoever sits at the terminal is asked; nobody there means the first."""


def parse_choice(typed: str) -> TokenChoice:
    """`3` or `3:2`."""
    position, colon, rank = typed.partition(":")
    if not _is_count(position) or (colon and not _is_count(rank)):
        raise InvalidOptions(
            f"--choose must be a position such as 3, or 3:2 for the second likeliest there; you gave {shorten(typed)}.",
            "choose",
        )
    return TokenChoice(int(position), int(rank) if colon else None)


def _is_count(typed: str) -> bool:
    return typed.isascii() and typed.isdecimal() and len(typed) < 10


def run_choice(settings: Settings, given: Completion, choice: TokenChoice, picture: Path | None, as_json: bool) -> int:
    """The exit code."""
    terminal = Terminal.standard()
    choosing = _Choosing(terminal, choice, picture)
    return asyncio.run(CompletionRun(settings, terminal, as_json).run(given, choosing.prepare))


class _Choosing:
    """Explains, writes the explained text once more as a result to go on from, and asks for what comes of it."""

    def __init__(self, terminal: Terminal, choice: TokenChoice, picture: Path | None) -> None:
        self._terminal = terminal
        self._choice = choice
        self._picture = picture

    async def prepare(self, core: Core, given: Completion) -> Ask:
        """Raises InvalidOptions for what can't be chosen, and what made explaining or writing fail."""
        await self._check_length(core, given)
        self._terminal.wait("Waking the model.")
        explained = await core.insight.explain(_invocation(), given, self._terminal.change_wait)
        self._check_explained(explained)
        for note in explained.notes:
            self._terminal.say(note, "dim")
        if self._picture is not None:
            write_picture(explained, self._picture)
        request_id = await self._write(core, given, explained)
        taken = await self._taken(core, request_id, explained)
        position = self._choice.position - 1
        there, rank = token_at(taken, position), self._choice.rank
        fork = fork_at(taken, position, (await self._ask_rank(there) if rank is None else rank) - 1)
        return lambda invocation, reply: core.story.branch(invocation, reply, request_id, fork)

    async def _check_length(self, core: Core, given: Completion) -> None:
        """Nothing is written for a token that can't be among what is."""
        length = await core.insight.longest(_invocation(), given)
        if not 1 <= self._choice.position <= length:
            raise InvalidOptions(
                f"position must be between 1 and {length}; you gave {self._choice.position}.", "position"
            )

    def _check_explained(self, explained: Insight) -> None:
        """Nor is the explained text written again. What is no text is only known token by token once it is."""
        if taken := with_text(explained).taken:
            token_at(taken, self._choice.position - 1)
            if self._choice.rank is not None:
                fork_at(taken, self._choice.position - 1, self._choice.rank - 1)

    async def _write(self, core: Core, given: Completion, explained: Insight) -> str:
        overrides = given.overrides.model_copy(update={"samples": 1, "seed": explained.options.seed})
        reply = WaitingReply(self._terminal, Observation())
        accepted = await core.story.complete(_invocation(), reply, replace(given, overrides=overrides))
        await core.jobs.wait(accepted.record.id)
        record = await core.story.find(_invocation(), accepted.record.id)
        if record.status == "failed":
            raise EngineFailed(record.error or "The completion failed.")
        return record.id

    async def _taken(self, core: Core, request_id: str, explained: Insight) -> tuple[Taken, ...]:
        """The tokens as they were explained; of a server that doesn't write the same twice, those of the result."""
        (sample,) = await core.store.samples(request_id)
        as_explained = replace(explained, sample=sample.text).taken
        return as_explained or (await core.insight.why(_invocation(), request_id)).taken

    async def _ask_rank(self, there: Taken) -> int:
        try:
            typed = await self._terminal.ask("\n".join(_menu(there, self._choice.position)))
        except EOFError:
            raise InvalidOptions("Nothing was chosen.", "token") from None
        if not typed:
            return 1
        if not _is_count(typed):
            raise InvalidOptions(f"A token's number was asked for; you gave {shorten(typed)}.", "token")
        return int(typed)


def _menu(there: Taken, position: int) -> Iterator[str]:
    yield f"Instead of {position}. {spell_token(there.token)}{_chance(there.probability)}"
    for number, other in enumerate(there.candidates, 1):
        yield f"{number:>4}. {spell_token(other.token)}{_chance(other.probability)}"
    yield f"Which one? (1 – {len(there.candidates)}; 1)"


def _chance(probability: float | None) -> str:
    return "" if probability is None else f", {percent(probability)}"


def _invocation() -> Invocation:
    return Invocation(str(ULID()), WORKSPACE, "terminal", YOU)
