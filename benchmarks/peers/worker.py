"""What every peer's process does: load, then answer one line of JSON for each line of JSON it is sent.

Runs in the peer's own environment, so it needs nothing but Python. Seconds are taken here, beside the peer, so that
no peer pays for this way of talking.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from generation.core_count import count_cores

TEMPERATURE, TOP_K, TOP_P = 0.8, 40, 0.95
THREADS = count_cores()

Tokens = Sequence[int]
OnToken = Callable[[int], None]
"""Called with a row's number when a token of it was chosen."""


@dataclass(frozen=True, slots=True)
class Client:
    """Comes `at` seconds after the start."""

    at: float
    prompt: Tokens


Answer = Mapping[str, Any]
Command = Callable[..., Answer]
"""Called with what an order says beside its name."""
Generate = Callable[[Sequence[Tokens], int, int], int]
"""prompts, new tokens, seed; the number of tokens written, over all rows"""
Arrive = Callable[[Sequence[Client], int], list[list[float]]]
"""clients, new tokens; when each client's tokens came, in seconds from the start"""


class Peer(Protocol):
    def versions(self) -> Mapping[str, str]: ...

    def commands(self) -> Mapping[str, Command]:
        """What it can be asked, by name. The one who started the process hears the names, and asks nothing else."""
        ...


def run(load: Callable[[str], Peer]) -> None:
    """The process: `python -m … FOLDER`."""
    with _own_stdout() as answers:
        peer = load(sys.argv[1])
        commands = {"memory": _tell_memory, **peer.commands()}
        _say(answers, {"versions": dict(peer.versions()), "commands": sorted(commands)})
        for line in sys.stdin:
            order = json.loads(line)
            _say(answers, commands[order.pop("do")](**order))


def timed(generate: Generate) -> Command:
    """The command "generate"."""

    def answer(prompts: Sequence[Tokens], new_tokens: int, seed: int) -> Answer:
        started = time.perf_counter()
        tokens = generate(prompts, new_tokens, seed)
        return {"seconds": time.perf_counter() - started, "tokens": tokens}

    return answer


def met(arrive: Arrive) -> Command:
    """The command "arrive"."""

    def answer(clients: Sequence[Mapping[str, Any]], new_tokens: int) -> Answer:
        return {"times": arrive([Client(**client) for client in clients], new_tokens)}

    return answer


def _tell_memory() -> Answer:
    return {"peak_bytes": peak_memory()}


def peak_memory() -> int:
    """Bytes of this process that were resident at most."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class Stepwise(Protocol):
    """A peer that takes new sequences between two steps."""

    def add(self, row: int, prompt: Tokens, new_tokens: int) -> None: ...

    def step(self) -> Sequence[int]:
        """One token more for each running row; the rows that got one, once for each."""
        ...


def arrive_stepwise(peer: Stepwise, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
    """Every client joins the running batch before the next step."""
    times: list[list[float]] = [[] for _ in clients]
    coming = sorted(range(len(clients)), key=lambda row: clients[row].at)
    running: set[int] = set()
    started = time.perf_counter()
    while coming or running:
        if not running:
            time.sleep(max(0.0, clients[coming[0]].at - (time.perf_counter() - started)))
        while coming and clients[coming[0]].at <= time.perf_counter() - started:
            row = coming.pop(0)
            peer.add(row, clients[row].prompt, new_tokens)
            running.add(row)
        for row in peer.step() if running else ():
            times[row].append(time.perf_counter() - started)
        running = {row for row in running if len(times[row]) < new_tokens}
    return times


Write = Callable[[Sequence[Tokens], int, int, OnToken], None]
"""prompts, new tokens, seed, on_token"""


def arrive_in_waves(write: Write, clients: Sequence[Client], new_tokens: int) -> list[list[float]]:
    """For a peer that can't take sequences into a running batch: whoever waits when one ends makes up the next."""
    times: list[list[float]] = [[] for _ in clients]
    coming = sorted(range(len(clients)), key=lambda row: clients[row].at)
    started = time.perf_counter()
    while coming:
        time.sleep(max(0.0, clients[coming[0]].at - (time.perf_counter() - started)))
        wave = [row for row in coming if clients[row].at <= time.perf_counter() - started]
        coming = coming[len(wave) :]

        def hear(place: int, wave: Sequence[int] = wave) -> None:
            times[wave[place]].append(time.perf_counter() - started)

        write([clients[row].prompt for row in wave], new_tokens, len(coming), hear)
    return times


@contextmanager
def _own_stdout() -> Iterator[TextIO]:
    """The pipe for answers alone: what libraries print goes to stderr."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        yield answers


def _say(answers: TextIO, answer: Mapping[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
