"""/explain, and 📊 Why under a result: what the model could have written, and how likely what it wrote was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from datetime import datetime

from backends.explanation import Candidate, Explainer, Explanation, TokenChance, explainer_of
from backends.protocol import Backend, BackendRegistry, CompletionRequest, Progress
from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.commands.access import Pace, check_place, check_words, find_result
from bots.commands.invocation import Invocation
from bots.commands.notice import NOTICE_AFTER_S, Tell, noticed, tell_nobody
from bots.commands.story import Completion
from bots.documents import Picture
from bots.insight.insight import Insight
from bots.insight.table import insight_lines
from bots.presenter import reading_notice, waiting_notice
from bots.word_filter import WordFilter, make_filter
from config.errors import InvalidOptions, Overloaded, PromptTooLong
from config.sampling import SamplingOptions
from config.settings import Settings
from config.text import check_model_name, check_prompt
from config.workspace import Clamp, Resolution, WorkspaceSettings, find_preset, resolve

AT_ONCE = 2
"""Explanations worked on together, whoever asked; results go first."""


class InsightCommands:
    """Nothing of it is kept: whoever wants it again asks again, after a restart too."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        backends: BackendRegistry,
        now: Callable[[], datetime],
        notice_after_s: float = NOTICE_AFTER_S,
    ) -> None:
        """`notice_after_s`: who waits for so long is told why."""
        self._settings = settings
        self._store = store
        self._backends = backends
        self._pace = Pace(store, settings.limits, now)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asking: set[str] = set()
        self._drawing = asyncio.Lock()
        self._notice_after_s = notice_after_s

    async def why(self, invocation: Invocation, request_id: str, sample: int = 0, tell: Tell = tell_nobody) -> Insight:
        """Of one sample of a result. Raises NotFound, NotAllowed, InvalidOptions, Overloaded and backends' errors."""
        rules = await self._rules(invocation)
        record = await find_result(self._store, invocation, request_id)
        words = make_filter(rules.word_filter)
        text = words.mask(await self._text_of(record, sample))
        request = CompletionRequest(record.id, record.prompt, record.options, record.model)
        backend = self._backends.get(record.backend)
        with self._asking_one(invocation):
            async with self._noticed(tell, backend, record.prompt + text):
                explanation = await self._explain(backend, request, text, record.cut, words)
        return Insight(record.prompt, record.options, record.model, explanation, sample=text)

    async def explain(self, invocation: Invocation, given: Completion, tell: Tell = tell_nobody) -> Insight:
        """Of a prompt: one completion is written for it, by the place's options and those given."""
        rules = await self._rules(invocation)
        check_prompt(given.prompt, self._settings.limits.max_prompt_characters)
        await check_words(given.prompt, rules)
        check_model_name(given.model or "")
        await self._pace.check(invocation, rules)
        options, clamps = await self._options(invocation, rules, given)
        options = options.with_seed()
        channel = rules.channel(invocation.channel)
        backend = self._backends.get(channel.backend or rules.backend)
        model = given.model or channel.model or rules.model
        request = CompletionRequest(invocation.event_id, given.prompt, options, model)
        with self._asking_one(invocation):
            async with self._noticed(tell, backend, given.prompt):
                explanation = await self._explain(backend, request, None, given.cut, make_filter(rules.word_filter))
        notes = tuple(clamp.sentence for clamp in clamps)
        return Insight(given.prompt, options, model, explanation, (*notes, f"Seed {options.seed}."))

    async def longest(self, invocation: Invocation, given: Completion) -> int:
        """How many tokens `explain` would write at most. Raises NotAllowed and NotFound as it does."""
        options, _ = await self._options(invocation, await self._rules(invocation), given)
        return options.length

    async def picture(self, insight: Insight) -> Picture:
        """Drawn beside the event loop, one at a time."""
        async with self._drawing:
            png = await asyncio.to_thread(_draw, insight)
        return Picture("why.png", png, "\n".join(insight_lines(insight)))

    async def _rules(self, invocation: Invocation) -> WorkspaceSettings:
        rules = (await self._store.workspace(invocation.workspace)).settings
        check_place(invocation, rules.access)
        return rules

    async def _options(
        self, invocation: Invocation, rules: WorkspaceSettings, given: Completion
    ) -> tuple[SamplingOptions, tuple[Clamp, ...]]:
        """Of the one completion, and what was lowered for it."""
        personal = await self._store.presets(invocation.workspace, invocation.requester.id)
        preset = find_preset(given.preset, dict(personal), rules.presets) if given.preset else None
        resolution = resolve(
            self._settings.defaults, rules, invocation.channel, preset, given.overrides, self._settings.limits
        )
        asked = given.overrides.samples or (preset.samples if preset else None) or 1
        return _one_sample(resolution, asked)

    async def _text_of(self, record: RequestRecord, sample: int) -> str:
        if record.is_open:
            raise InvalidOptions("That result is still being written; stop it or wait for its end.")
        samples = await self._store.samples(record.id)
        if not 0 <= sample < len(samples):
            raise InvalidOptions(f"sample must be between 1 and {len(samples)}; you gave {sample + 1}.", "sample")
        return samples[sample].text

    @contextmanager
    def _asking_one(self, invocation: Invocation) -> Iterator[None]:
        """One at a time for each person: it takes the model as a request does, and no queue shows it."""
        person = f"{invocation.workspace}:{invocation.requester.id}"
        if person in self._asking:
            raise Overloaded("I'm still working out your last 📊; ask again when it is there.")
        self._asking.add(person)
        try:
            yield
        finally:
            self._asking.discard(person)

    def _noticed(self, tell: Tell, backend: Backend, text: str) -> AbstractAsyncContextManager[None]:
        async def words() -> str:
            wakes = (await backend.health()).state in ("asleep", "starting")
            return waiting_notice(Progress("starting")) if wakes else reading_notice(len(text))

        return noticed(tell, words, self._notice_after_s)

    async def _explain(
        self, backend: Backend, request: CompletionRequest, text: str | None, may_cut: bool, words: WordFilter
    ) -> Explanation:
        # A server that nobody has asked yet may not have said what it is.
        if explainer_of(backend) is None:
            await backend.models()
        explainer = explainer_of(backend)
        if explainer is None:
            raise InvalidOptions(f"{backend.name} doesn't tell how likely its tokens are, so I can't say why.")
        request = replace(request, deadline_s=self._settings.limits.deadline_s)
        async with self._turns:
            explanation = await _ask(explainer, request, text, may_cut)
            written = b"".join(each.token for each in explanation.tokens if each.written).decode(errors="replace")
            masked = words.mask(written)
            if masked != written:
                explanation = await _ask(explainer, request, masked, may_cut)
        return replace(
            explanation,
            candidates=tuple(_masked(each, words) for each in explanation.candidates),
            tokens=tuple(_without(each, words) for each in explanation.tokens),
        )


def _one_sample(resolution: Resolution, asked: int) -> tuple[SamplingOptions, tuple[Clamp, ...]]:
    """Several may be a place's usual; whoever `asked` for them is told."""
    options, clamps = resolution.options, resolution.clamps
    if options.samples > 1 < asked:
        others = tuple(each for each in clamps if each.name != "samples")
        clamps = (*others, Clamp("samples", asked, 1, "the first is explained; the next ones have the next seeds"))
    return options.model_copy(update={"samples": 1}), clamps


def _draw(insight: Insight) -> bytes:
    # Imported only here: most processes never draw.
    from bots.insight.drawing.picture import draw_png

    return draw_png(insight)


async def _ask(explainer: Explainer, request: CompletionRequest, text: str | None, may_cut: bool) -> Explanation:
    """An over-long prompt loses its beginning, as it does when a result is written."""
    try:
        return await explainer.explain(request, text)
    except PromptTooLong as error:
        if not may_cut or error.limit < 1:
            raise
        return await explainer.explain(replace(request, keep_last_tokens=error.limit), text)


def _masked(candidate: Candidate, words: WordFilter) -> Candidate:
    text = candidate.token.decode(errors="replace")
    masked = words.mask(text)
    return candidate if masked == text else replace(candidate, token=masked.encode())


def _without(taken: TokenChance, words: WordFilter) -> TokenChance:
    """Nobody is offered an unwanted word."""
    kept = [each for each in taken.alternatives if not words.finds(each.token.decode(errors="replace"))]
    return replace(taken, alternatives=tuple(kept))
