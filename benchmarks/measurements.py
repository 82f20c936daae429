"""The questions that engine and peers are asked, in turn: one run of everyone, then the next run."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import count

from benchmarks.contender import Contender, Visit
from benchmarks.figures import Row, read_crowd
from benchmarks.peers.environments import LeftOut
from benchmarks.peers.process import PeerProcess

NEW_TOKENS = 64
BATCHES = (1, 8, 32)
PROMPT_TOKENS = 16
LONG_PROMPT_TOKENS = 512
CROWD = 16
CROWD_PROMPT_TOKENS = 64
CROWD_NEW_TOKENS = 400
"""As many as people may ask for unless the operator allows more; 64 each would be 1,024 in the two seconds in which
they come, whatever an engine could do."""
CROWD_SPREAD_S = 2.0
_STRIDE = 617
BARE = "bare torch"
"""A column for what has neither engine nor cache: the loop of 2019, one forward pass, a script that loads and runs."""

Ask = Callable[[Contender], Awaitable[Mapping[str, float]]]
Tell = Callable[[str], None]


class Prompts:
    """Prompts of real text, never the same one twice, so that nobody is served from a cache unless it is asked for."""

    def __init__(self, text: Sequence[int]) -> None:
        self._text = tuple(text)
        self._starts = self._draw_starts()

    def take(self, length: int) -> tuple[int, ...]:
        start = next(self._starts)
        return (self._text[start:] + self._text[:start])[:length]

    def take_many(self, number: int, length: int) -> list[tuple[int, ...]]:
        return [self.take(length) for _ in range(number)]

    def _draw_starts(self) -> Iterator[int]:
        """Every place of the text once, in a fixed order without neighbours; one run asks for fewer than there are."""
        return (number * _STRIDE % len(self._text) for number in count())


class Panel:
    """Everyone who takes part. Whoever fails is left out from then on, with a word."""

    def __init__(self, contenders: Sequence[Contender], left_out: dict[str, str], tell: Tell) -> None:
        self.contenders = list(contenders)
        self._left_out = left_out
        self._tell = tell

    async def ask(self, what: str, runs: int, ask: Ask, *, warms_up: bool = True) -> dict[str, dict[str, list[float]]]:
        """Question to contender to runs; first comes one that only warms up, unless that was done."""
        figures: dict[str, dict[str, list[float]]] = {}
        for run in range(0 if warms_up else 1, runs + 1):
            for contender in tuple(self.contenders):
                self._tell(f"{what}: {contender.title}, " + (f"run {run} of {runs}" if run else "warming up"))
                try:
                    answers = await ask(contender)
                except LeftOut as why:
                    self._left_out[contender.title] = str(why)
                    self.contenders.remove(contender)
                    continue
                for question, value in answers.items() if run else ():
                    figures.setdefault(question, {}).setdefault(contender.title, []).append(value)
        return figures


async def measure_throughput(panel: Panel, prompts: Prompts, runs: int) -> list[Row]:
    return [await _throughput(panel, prompts, runs, number) for number in BATCHES]


async def _throughput(panel: Panel, prompts: Prompts, runs: int, number: int) -> Row:
    seeds = count(1000)

    async def ask(contender: Contender) -> Mapping[str, float]:
        fresh = prompts.take_many(number, PROMPT_TOKENS)
        return {"": (await contender.generate(fresh, NEW_TOKENS, next(seeds))).per_second}

    question = f"{number} sequence{'s' if number > 1 else ''}"
    figures = await panel.ask(question, runs, ask)
    return Row(question, "tok/s", "higher", figures.get("", {}))


async def measure_first_token(panel: Panel, prompts: Prompts, runs: int) -> list[Row]:
    return [
        row
        for length in (PROMPT_TOKENS, LONG_PROMPT_TOKENS)
        for row in await _first_token(panel, prompts, runs, length)
    ]


async def _first_token(panel: Panel, prompts: Prompts, runs: int, length: int) -> list[Row]:
    new, again = f"first token, {length}-token prompt", f"first token, the same {length} tokens again"

    async def ask(contender: Contender) -> Mapping[str, float]:
        prompt = prompts.take(length)
        return {
            question: 1000 * await contender.first_token(prompt, seed) for seed, question in enumerate((new, again))
        }

    figures = await panel.ask(new, runs, ask)
    return [Row(question, "ms", "lower", figures.get(question, {})) for question in (new, again)]


async def measure_crowd(panel: Panel, prompts: Prompts) -> list[Row]:
    """The same arrivals for everyone, once: a crowd is many texts, and the slowest writes them for a minute."""
    together, gap, wait = (
        f"{CROWD} clients at random: {what}" for what in ("total", "worst gap ÷ median", "longest wait")
    )

    dice = random.Random(CROWD)
    arrivals = sorted(dice.uniform(0, CROWD_SPREAD_S) for _ in range(CROWD))

    async def warm_up(contender: Contender) -> Mapping[str, float]:
        await contender.arrive([Visit(0, prompts.take(CROWD_PROMPT_TOKENS)) for _ in arrivals], PROMPT_TOKENS)
        return {}

    async def ask(contender: Contender) -> Mapping[str, float]:
        visits = [Visit(at, prompts.take(CROWD_PROMPT_TOKENS)) for at in arrivals]
        crowd = read_crowd(arrivals, await contender.arrive(visits, CROWD_NEW_TOKENS))
        return {together: crowd.tokens_per_second, gap: crowd.worst_to_median_gap, wait: 1000 * crowd.longest_wait_s}

    await panel.ask(f"{CROWD} clients", 0, warm_up)
    figures = await panel.ask(f"{CROWD} clients", 1, ask, warms_up=False)
    return [
        Row(together, "tok/s", "higher", figures.get(together, {})),
        Row(gap, "×", "lower", figures.get(gap, {})),
        Row(wait, "ms", "lower", figures.get(wait, {})),
    ]


async def measure_memory(panel: Panel) -> list[Row]:
    """After everything else, so that it is the peak over all of it."""
    peaks = {contender.title: await contender.peak_memory() for contender in panel.contenders}
    runs = {title: [peak / 2**20] for title, peak in peaks.items() if peak is not None}
    return [Row("peak memory, resident", "MiB", "lower", runs)]


async def measure_bare_loop(transformers: PeerProcess, prompts: Prompts) -> list[float]:
    """Tokens per second of the loop of 2019, once: nothing about it varies."""
    answer = await transformers.ask("loop_of_2019", prompt=prompts.take(PROMPT_TOKENS), new_tokens=NEW_TOKENS)
    return [answer["tokens"] / answer["seconds"]]


async def measure_bare_forward(transformers: PeerProcess, prompts: Prompts, runs: int, length: int) -> list[float]:
    """Milliseconds of one forward pass."""
    answers = [await transformers.ask("forward", prompt=prompts.take(length)) for _ in range(runs + 1)]
    return [1000 * answer["seconds"] for answer in answers[1:]]
