"""One run of everything that was chosen, model by model."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from benchmarks.checkpoints import Checkpoint, find_checkpoint
from benchmarks.command_line import Choice
from benchmarks.contender import Contender
from benchmarks.engine_server import EngineServer, EngineVariant
from benchmarks.figures import ModelFigures, Report, Row
from benchmarks.folders import ENGLISH
from benchmarks.machine import describe_machine
from benchmarks.measurements import (
    BARE,
    LONG_PROMPT_TOKENS,
    PROMPT_TOKENS,
    Panel,
    Prompts,
    Tell,
    measure_bare_forward,
    measure_bare_loop,
    measure_crowd,
    measure_first_token,
    measure_memory,
    measure_throughput,
)
from benchmarks.peers.environments import LeftOut
from benchmarks.peers.line_up import PEERS
from benchmarks.peers.process import PeerProcess
from benchmarks.quality import REFERENCE, Scores, quality_rows, score_engine, score_transformers
from benchmarks.startup import measure_startup


class Session:
    def __init__(self, choice: Choice, tell: Tell) -> None:
        self._choice = choice
        self._tell_all = tell
        self._model = ""
        titles = [peer.title for peer in PEERS if peer.key in choice.peers]
        ours = dict.fromkeys([choice.ours, *(engine.title for engine in choice.engines)])
        self._places_of_ours = len(ours)
        self.report = Report(ours=choice.ours, columns=[*ours, *titles, BARE], machine=describe_machine())

    async def run(self) -> Report:
        for name in self._choice.models:
            self._model = name
            self._tell("preparing")
            await self._measure(find_checkpoint(name))
        self._drop_empty_columns()
        return self.report

    async def _measure(self, checkpoint: Checkpoint) -> None:
        figures = ModelFigures(checkpoint.title)
        self.report.models.append(figures)
        text = checkpoint.encode(ENGLISH)
        prompts = Prompts(text)
        async with self._everyone(checkpoint) as contenders:
            panel = Panel(contenders, self.report.left_out, self._tell)
            figures.rows += await self._speed(panel, prompts)
            if "quality" in self._choice.parts:
                figures.rows += await self._quality(checkpoint, panel, text)
        if "startup" in self._choice.parts:
            # There is one way to start it, and one quality.
            ours = replace(self._choice.engines[0], title=self._choice.ours)
            figures.rows += await measure_startup(ours, checkpoint, prompts, self._choice.runs, self._tell)

    async def _speed(self, panel: Panel, prompts: Prompts) -> list[Row]:
        rows: list[Row] = []
        runs, parts = self._choice.runs, self._choice.parts
        if "throughput" in parts:
            rows += await measure_throughput(panel, prompts, runs)
            if looping := _who_can("loop_of_2019", panel.contenders):
                self._tell("the loop of 2019")
                rows[0] = _with(rows[0], await measure_bare_loop(looping, prompts))
        if "first-token" in parts:
            found = await measure_first_token(panel, prompts, runs)
            if bare := _who_can("forward", panel.contenders):
                for place, length in ((0, PROMPT_TOKENS), (2, LONG_PROMPT_TOKENS)):
                    found[place] = _with(found[place], await measure_bare_forward(bare, prompts, runs, length))
            rows += found
        if "crowd" in parts:
            rows += await measure_crowd(panel, prompts)
        return rows + (await measure_memory(panel) if "memory" in parts else [])

    async def _quality(self, checkpoint: Checkpoint, panel: Panel, text: Sequence[int]) -> list[Row]:
        self._tell("quality")
        engines = [contender for contender in panel.contenders if isinstance(contender, EngineServer)]
        scores: dict[str, Scores] = {engine.title: await score_engine(engine, text) for engine in engines}
        first = self._choice.engines[0].title
        if first in scores:
            scores = {self._choice.ours: scores.pop(first), **scores}
        reference = self._choice.reference
        if reference is not None and REFERENCE not in scores:
            engine = await EngineServer.start(reference, checkpoint.engine_model)
            scores[REFERENCE] = await score_engine(engine, text)
            await engine.aclose()
        scoring = _who_can("score", panel.contenders)
        perplexity = await score_transformers(scoring, text) if scoring else None
        if REFERENCE not in self.report.columns and REFERENCE in scores:
            self.report.columns.insert(self._places_of_ours, REFERENCE)
        return quality_rows(scores, perplexity)

    @asynccontextmanager
    async def _everyone(self, checkpoint: Checkpoint) -> AsyncIterator[list[Contender]]:
        contenders: list[Contender] = []
        try:
            for variant in self._choice.engines:
                self._tell(f"starting {variant.title}")
                # Twice: what a first start leaves in the cache folder makes the memory that of every later one.
                await (await _start_engine(variant, checkpoint)).aclose()
                contenders.append(await _start_engine(variant, checkpoint))
            if self._choice.inside:
                command = (sys.executable, "-m", "benchmarks.peers.inkling_worker", checkpoint.engine_model)
                try:
                    contenders.append(await PeerProcess.start(self._choice.ours, command))
                except LeftOut as why:
                    raise SystemExit(f"{self._choice.ours}: {why}") from why
            for peer in PEERS:
                if peer.key in self._choice.peers:
                    self._tell(f"starting {peer.title}")
                    try:
                        contenders.append(await peer.start(checkpoint))
                    except LeftOut as why:
                        self.report.left_out[peer.title] = str(why)
            for contender in contenders:
                self.report.versions.update(contender.versions)
            yield contenders
        finally:
            for contender in contenders:
                await contender.aclose()

    def _tell(self, what: str) -> None:
        self._tell_all(f"{self._model} · {what}")

    def _drop_empty_columns(self) -> None:
        rows = [row for model in self.report.models for row in model.rows]
        self.report.columns = [title for title in self.report.columns if any(row.runs.get(title) for row in rows)]


async def _start_engine(variant: EngineVariant, checkpoint: Checkpoint) -> EngineServer:
    """There is nothing to compare without it."""
    try:
        return await EngineServer.start(variant, checkpoint.engine_model)
    except LeftOut as why:
        raise SystemExit(f"{variant.title}: {why}") from why


def _who_can(command: str, contenders: Sequence[Contender]) -> PeerProcess | None:
    """The peer to ask what is not asked of everyone."""
    return next((one for one in contenders if isinstance(one, PeerProcess) and command in one.commands), None)


def _with(row: Row, bare: Sequence[float]) -> Row:
    return Row(row.question, row.unit, row.better, {**row.runs, BARE: bare})
