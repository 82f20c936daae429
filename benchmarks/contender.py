"""What the measurements ask of everyone that is measured: this engine and its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Written:
    seconds: float
    tokens: int

    @property
    def per_second(self) -> float:
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class Visit:
    """A client that comes `at` seconds after the start, with this prompt."""

    at: float
    prompt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """One client's text."""

    times: tuple[float, ...]
    """When each piece of it came, in seconds from the start; never empty."""
    tokens: int


class Contender(Protocol):
    title: str
    versions: Mapping[str, str]

    async def generate(self, prompts: Sequence[Sequence[int]], new_tokens: int, seed: int) -> Written: ...

    async def first_token(self, prompt: Sequence[int], seed: int) -> float:
        """Seconds."""
        ...

    async def arrive(self, visits: Sequence[Visit], new_tokens: int) -> Sequence[Heard]: ...

    async def peak_memory(self) -> int | None:
        """Bytes resident at most so far; None where the system does not tell."""
        ...

    async def aclose(self) -> None: ...
