"""Answers one call of /v1/completions: prompts to tokens, requests to the engine, events to choices."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from config.errors import NotFound
from generation.answer_size import check_size
from generation.choices import ChoiceDelta, ChoicePlan, ChoiceWriter
from generation.event_feed import EventFeed, Generate, PlacedEvent
from generation.logprobs import TokenSpeller
from generation.loop_turn import LoopTurn
from generation.metrics import EngineMetrics, RequestClock
from generation.openai_schema import CompletionCall, Prompt
from generation.prompt_tokens import PromptFit, PromptTokenizer
from generation.types import Engine, GenerationEvent, GenerationRequest, NextTokens, PromptScored, SampleEnded


class CompletionRun:
    """A call that is being answered. Choices are numbered prompt by prompt, as OpenAI does."""

    def __init__(
        self, run_id: str, feed: EventFeed, writers: Sequence[Sequence[ChoiceWriter]], clock: RequestClock
    ) -> None:
        self.id = run_id
        self._feed = feed
        self._writers = writers
        self._clock = clock
        self._completion_tokens = 0

    @property
    def ended(self) -> bool:
        return self._feed.ended

    @property
    def completion_tokens(self) -> int:
        """Of the choices that have ended."""
        return self._completion_tokens

    async def take(self, timeout_s: float | None) -> list[ChoiceDelta]:
        """As `EventFeed.take`, which see for errors."""
        deltas: list[ChoiceDelta] = []
        events = await self._feed.take(timeout_s)
        turn = LoopTurn()
        for placed in events:
            deltas += self._write(placed)
            await turn.share()
        return deltas

    def _write(self, placed: PlacedEvent) -> list[ChoiceDelta]:
        event, writers = placed.event, self._writers[placed.prompt]
        if isinstance(event, PromptScored | NextTokens):
            return [writer.write(event) for writer in writers]
        self._clock.hear(placed)
        if isinstance(event, SampleEnded):
            self._completion_tokens += event.completion_tokens
        return [writers[event.sample].write(event)]


class CompletionService:
    """One loaded model's completions. `max_running` is how many samples the engine writes together."""

    def __init__(self, engine: Engine, max_running: int, metrics: EngineMetrics) -> None:
        self._engine = engine
        self._max_running = max_running
        self._metrics = metrics
        self._tokenizer = PromptTokenizer(engine.model.tokenizer)
        self._speller = TokenSpeller(engine.model.tokenizer)

    @property
    def model(self) -> str:
        return self._engine.model.name

    @property
    def max_model_len(self) -> int:
        return self._engine.model.max_model_len

    @property
    def engine(self) -> Engine:
        return self._engine

    def check_model(self, name: str | None) -> None:
        """Raises NotFound unless this model is meant."""
        if name is not None and name != self.model:
            raise NotFound(f'There is no model "{name[:100]}" here; this server has {self.model}.')

    async def encode(self, call: CompletionCall) -> tuple[tuple[int, ...], ...]:
        """Each prompt's tokens. Raises NotFound, PromptTooLong, and InvalidOptions for tokens that are none and for an
        answer that would be too large."""
        self.check_model(call.model)
        fit = PromptFit(self.model, call.options.length, self.max_model_len, call.keep_last_tokens)
        prompts = tuple([await self._tokenizer.encode(prompt, fit) for prompt in call.prompts])
        for token_ids in prompts:
            # Before anything turns them back into text: the engine itself may never see them.
            self._engine.check_tokens(token_ids)
        check_size(call, [len(token_ids) for token_ids in prompts])
        return prompts

    @asynccontextmanager
    async def run(self, call: CompletionCall, prompts: Sequence[tuple[int, ...]]) -> AsyncIterator[CompletionRun]:
        """Answer the call. Leaving frees its rows."""
        run_id = f"cmpl-{uuid.uuid4().hex}"
        requests = [self._request(run_id, call, place, ids) for place, ids in enumerate(prompts)]
        writers = [self._writers(call, place, request) for place, request in enumerate(requests)]
        at_once = self._max_running // call.options.samples
        async with EventFeed(self._generate(call), requests, at_once) as feed:
            yield CompletionRun(run_id, feed, writers, self._metrics.start_clock())

    def close(self) -> None:
        self._tokenizer.close()

    def _request(self, run_id: str, call: CompletionCall, place: int, ids: tuple[int, ...]) -> GenerationRequest:
        scores_prompt = call.echo and call.logprobs is not None
        # Without a seed of the caller's, each prompt draws its own: equal prompts shall differ.
        options = call.options.with_seed()
        return GenerationRequest(f"{run_id}-{place}", ids, options, call.logprobs, scores_prompt, call.next_tokens)

    def _writers(self, call: CompletionCall, place: int, request: GenerationRequest) -> list[ChoiceWriter]:
        opening = self._opening(call, call.prompts[place], request.prompt_token_ids) if call.echo else ""
        samples = request.options.samples
        plans = [
            ChoicePlan(
                index=place * samples + sample,
                seed=request.options.seed_of(sample),
                opening=opening,
                logprobs=call.logprobs is not None,
                score_only=call.score_only,
            )
            for sample in range(samples)
        ]
        return [ChoiceWriter(plan, self._speller) for plan in plans]

    def _opening(self, call: CompletionCall, prompt: Prompt, ids: tuple[int, ...]) -> str:
        if isinstance(prompt, str) and call.keep_last_tokens is None:
            return prompt
        return self._tokenizer.decode(ids)

    def _generate(self, call: CompletionCall) -> Generate:
        if not call.score_only:
            return self._engine.generate
        return self._score if call.logprobs is not None else _echo

    async def _score(self, request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
        """Only the prompt's own log-probabilities: what would be written after it is aborted."""
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, PromptScored):
                    yield event
                    if event.last:
                        return


async def _echo(request: GenerationRequest) -> AsyncGenerator[GenerationEvent, None]:
    """Nothing to compute."""
    yield PromptScored(())
