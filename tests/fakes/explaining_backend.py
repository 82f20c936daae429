"""A backend that tells probabilities: those the test gives it, or a few of its own."""

from __future__ import annotations

import asyncio
import re

from backends.explanation import Alternative, Candidate, Explanation, Kept, TokenChance
from backends.protocol import CompletionRequest
from tests.fakes.gated_backend import GatedBackend

TEXT = " there was a lamp"
CANDIDATES = (
    Candidate(b" there", 0.31, 0.4, 0.6),
    Candidate(b" the", 0.2, 0.25, 0.4),
    Candidate(b"\n", 0.05, 0.04, 0.0),
    Candidate(b"\xf0\x9f", 0.01, 0.005, 0.0),
)


OTHERS = tuple(
    Alternative(token, 0.25 / (place + 1))
    for place, token in enumerate((b" dragon", b" map", b"\xf0\x9f", b"<|endoftext|>", b"\n", b" sea", b" fox"))
)
"""At every place; two of them can't be chosen."""


def chances(prompt: str, text: str) -> tuple[TokenChance, ...]:
    """Words as tokens, each less likely than the one before."""
    words = [
        (word, written) for part, written in ((prompt, False), (text, True)) for word in re.findall(r"\s*\S+", part)
    ]
    return tuple(
        TokenChance(word.encode(), None if place == 0 else 1 / (place + 1), written, OTHERS if written else ())
        for place, (word, written) in enumerate(words)
    )


class ExplainingBackend(GatedBackend):
    def __init__(self, name: str = "gated", *, text: str | None = TEXT) -> None:
        super().__init__(name, text=text)
        self.explains = True
        self.asked: list[tuple[CompletionRequest, str | None]] = []
        self.candidates = CANDIDATES
        self.kept: Kept | None = Kept(2, 0.65)

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        self.asked.append((request, text))
        written = TEXT if text is None else text
        return Explanation(self.candidates, self.kept, chances(request.prompt, written))


class SlowBackend(ExplainingBackend):
    """Explains once it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        await self.go_on.wait()
        return await super().explain(request, text)
