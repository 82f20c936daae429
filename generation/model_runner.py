"""The model's forward passes: prompts one at a time in fixed chunks, running sequences all in one step."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
import torch
from transformers.cache_utils import DynamicCache

from generation.attention import use_invariant_attention
from generation.kv_cache import SlotCache
from generation.types import LoadedModel

CHUNK = 256
"""Prompt tokens per forward pass, so that running sequences wait for one chunk at most."""
_ROW_COUNTS = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_SMALLEST_REFERENCE = 4
"""Even an engine of one row compares against this many, so that its texts equal those of larger engines."""
_NEAR, _FAR = 40, 150

log = structlog.get_logger()


@dataclass(slots=True)
class PromptPass:
    """A prompt on its way through the model, alone, always cut at the same places."""

    token_ids: tuple[int, ...]
    cache: DynamicCache = field(default_factory=DynamicCache)
    position: int = 0

    @property
    def finished(self) -> bool:
        return self.position == len(self.token_ids)


class ModelRunner:
    """Owns the model and the cache of running rows. Used from one thread at a time."""

    def __init__(self, loaded: LoadedModel, max_rows: int) -> None:
        self._model = loaded.model.eval()
        use_invariant_attention(self._model)
        self._max_model_len = loaded.max_model_len
        self._vocabulary = int(self._model.get_output_embeddings().weight.shape[0])
        self._takes_positions = "position_ids" in inspect.signature(self._model.forward).parameters
        self._cache = SlotCache(loaded.max_model_len)
        self._row_counts = self._choose_row_counts(max_rows)
        self._cache.wipe()

    @property
    def vocabulary(self) -> int:
        """How many tokens the model gives a probability."""
        return self._vocabulary

    @property
    def row_counts(self) -> tuple[int, ...]:
        """The batch sizes in use; each gives a row the same bits."""
        return self._row_counts

    @property
    def cache_bytes(self) -> int:
        return self._cache.nbytes

    @torch.inference_mode()
    def prefill(self, prompt: PromptPass) -> torch.Tensor:
        """Run the next chunk; the logits after its last token, [vocabulary]."""
        return self._run_chunk(prompt, logits_to_keep=1)[-1]

    @torch.inference_mode()
    def score(self, prompt: PromptPass) -> torch.Tensor:
        """Run the next chunk; the logits after each of its tokens, [token, vocabulary]."""
        return self._run_chunk(prompt, logits_to_keep=0)

    @torch.inference_mode()
    def decode(self, token_ids: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        """One step of rows 0 … n-1: their newest tokens in, logits [row, vocabulary] out."""
        return self._decode(token_ids, positions, self._padded_rows(len(token_ids)))

    @torch.inference_mode()
    def adopt(self, row: int, prompt: PromptPass) -> None:
        """Let a row continue a finished prompt."""
        self._cache.adopt(row, prompt.cache)

    @torch.inference_mode()
    def move(self, source: int, target: int, length: int) -> None:
        """Give a row another place; `length` positions of it are in use."""
        self._cache.move(source, target, length)

    @torch.inference_mode()
    def clear(self, row: int) -> None:
        """Zero a row that holds something that is no number."""
        self._cache.clear(row)

    def wipe(self) -> None:
        """Forget all rows, for example after a failed step, and give their memory back."""
        self._cache.wipe()

    def _padded_rows(self, rows: int) -> int:
        return next(count for count in self._row_counts if count >= rows)

    def _run_chunk(self, prompt: PromptPass, logits_to_keep: int) -> torch.Tensor:
        end = min(prompt.position + CHUNK, len(prompt.token_ids))
        logits = self._forward(
            torch.tensor([prompt.token_ids[prompt.position : end]]),
            prompt.cache,
            torch.ones((1, end), dtype=torch.long),
            torch.arange(prompt.position, end)[None],
            logits_to_keep=logits_to_keep,
        )
        prompt.position = end
        return logits[0].float()

    def _decode(self, token_ids: Sequence[int], positions: Sequence[int], rows: int) -> torch.Tensor:
        padding = [0] * (rows - len(token_ids))
        places = torch.tensor([*positions, *padding])
        width = self._cache.begin_step(places)
        logits = self._forward(
            torch.tensor([*token_ids, *padding])[:, None],
            self._cache,
            (torch.arange(width) <= places[:, None]).long(),
            places[:, None],
        )
        return logits[: len(token_ids), -1].float()

    def _forward(
        self,
        input_ids: torch.Tensor,
        cache: DynamicCache | SlotCache,
        attention_mask: torch.Tensor,
        positions: torch.Tensor,
        **options: int,
    ) -> torch.Tensor:
        if self._takes_positions:
            options |= {"position_ids": positions}  # type: ignore[dict-item]
        output = self._model(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **options
        )
        logits: torch.Tensor = output.logits
        return logits

    @torch.inference_mode()
    def _choose_row_counts(self, max_rows: int) -> tuple[int, ...]:
        """The batch sizes that give a row, at any place, the bits of the largest one: measured, not assumed."""
        wanted = max(max_rows, _SMALLEST_REFERENCE)
        larger = [count for count in _ROW_COUNTS if count >= wanted]
        reference = larger[0] if larger else wanted
        prompts = self._probe_prompts()
        expected, invariant = self._probe(prompts, reference)
        if not invariant:
            log.warning("batch_changes_rows", rows=reference, hint="texts may depend on what else is running")
        agreeing = []
        for count in (count for count in _ROW_COUNTS if count < reference):
            logits, same = self._probe(prompts, count)
            if same and torch.equal(logits, expected):
                agreeing.append(count)
        return (*agreeing, reference)

    def _probe_prompts(self) -> tuple[PromptPass, PromptPass]:
        generator = torch.Generator().manual_seed(0)
        prompts = []
        for length in (_NEAR, _FAR):
            size = (max(1, min(length, self._max_model_len - 1)),)
            ids = torch.randint(self._vocabulary, size, generator=generator)
            prompts.append(PromptPass(tuple(ids.tolist())))
            while not prompts[-1].finished:
                self._run_chunk(prompts[-1], logits_to_keep=1)
        return prompts[0], prompts[1]

    def _probe(self, prompts: tuple[PromptPass, PromptPass], rows: int) -> tuple[torch.Tensor, bool]:
        """Decode one sequence in several places among others: its logits, and whether the places agree."""
        near, far = prompts
        places = {0, rows // 2, rows - 1}
        chosen = [near if row in places else far for row in range(rows)]
        for row, prompt in enumerate(chosen):
            self._cache.adopt(row, prompt.cache)
        logits = self._decode([7 % self._vocabulary] * rows, [len(prompt.token_ids) for prompt in chosen], rows)
        first = logits[0]
        return first, all(torch.equal(first, logits[row]) for row in places)
