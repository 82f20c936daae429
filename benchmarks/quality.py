"""What a precision costs, measured through the API: perplexity of a fixed English text, and agreement with fp32.

Each stretch of the text is scored with `echo` and `logprobs`, so it is what the engine serves that is judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.engine_server import EngineServer
from benchmarks.figures import Row
from benchmarks.peers.line_up import TRANSFORMERS
from benchmarks.peers.process import PeerProcess

STRETCH = 512
REFERENCE = "Inkling fp32"


@dataclass(frozen=True, slots=True)
class Scores:
    logprobs: tuple[float, ...]
    likeliest: tuple[str, ...]
    """The token that greedy decoding would take, for every token but each stretch's first."""

    @property
    def perplexity(self) -> float:
        return math.exp(-sum(self.logprobs) / len(self.logprobs))

    def agreement(self, other: Scores) -> float:
        """Share in percent of the places where both would take the same token."""
        same = sum(one == two for one, two in zip(self.likeliest, other.likeliest, strict=True))
        return 100 * same / len(self.likeliest)


def stretches(text: Sequence[int]) -> list[Sequence[int]]:
    return [text[start : start + STRETCH] for start in range(0, len(text) - 1, STRETCH)]


def read_scores(answers: Sequence[Mapping[str, Any]]) -> Scores:
    """From the `logprobs` of each stretch, whose first token nothing predicts."""
    logprobs, likeliest = [], []
    for answer in answers:
        logprobs += answer["token_logprobs"][1:]
        likeliest += [max(top, key=top.__getitem__) for top in answer["top_logprobs"][1:]]
    return Scores(tuple(logprobs), tuple(likeliest))


async def score_engine(engine: EngineServer, text: Sequence[int]) -> Scores:
    return read_scores([await engine.score(stretch) for stretch in stretches(text)])


async def score_transformers(peer: PeerProcess, text: Sequence[int]) -> float:
    """Perplexity in fp32, by another program than ours."""
    answers = [await peer.ask("score", tokens=stretch) for stretch in stretches(text)]
    logprobs = [logprob for answer in answers for logprob in answer["logprobs"]]
    return math.exp(-sum(logprobs) / len(logprobs))


def quality_rows(scores: Mapping[str, Scores], transformers_perplexity: float | None) -> list[Row]:
    """`scores` by contender; agreement is with `REFERENCE`, when it is among them."""
    perplexities = {title: [one.perplexity] for title, one in scores.items()}
    if transformers_perplexity is not None:
        perplexities[TRANSFORMERS] = [transformers_perplexity]
    rows = [Row("perplexity of an English text", "", "neither", perplexities)]
    if REFERENCE in scores:
        agreement = {title: [one.agreement(scores[REFERENCE])] for title, one in scores.items() if title != REFERENCE}
        rows.append(Row("same greedy token as fp32", "%", "neither", agreement))
    return rows
