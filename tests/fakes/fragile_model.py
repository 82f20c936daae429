"""A tiny model that breaks when told to."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Literal

import torch
from transformers import GPT2LMHeadModel

from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2

Failure = Literal["prompt", "step", "memory", "numbers", "thread"]


class FragileGpt2(GPT2LMHeadModel):
    """`failures` says what happens next: a prompt's pass or a step raises, a step's first row is no number, or a step
    ends the thread it runs on."""

    def __init__(self, config) -> None:
        super().__init__(config)
        self.failures: deque[Failure] = deque()

    def forward(self, input_ids=None, position_ids=None, **options):
        kind = "prompt" if input_ids.shape[0] == 1 else "step"
        due = self.failures[0] if self.failures else None
        if due == kind or (due == "memory" and kind == "step"):
            self.failures.popleft()
            raise RuntimeError("can't allocate memory" if due == "memory" else "broken on purpose")
        if due == "thread" and kind == "step":
            raise SystemExit("broken for good on purpose")
        output = super().forward(input_ids=input_ids, position_ids=position_ids, **options)
        if due == "numbers" and kind == "step":
            self.failures.popleft()
            output.logits[0] = torch.nan
        return output


def build_fragile_gpt2() -> tuple[NetworkModel, deque[Failure]]:
    """Tiny GPT-2's weights; the queue of failures to come."""
    sound = build_tiny_gpt2()
    model = FragileGpt2(sound.config).eval()
    model.load_state_dict(sound.network.state_dict())
    return replace(sound, network=model), model.failures
