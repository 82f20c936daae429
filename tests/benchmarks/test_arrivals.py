from __future__ import annotations

from collections.abc import Sequence

from benchmarks.peers.worker import Client, OnToken, Tokens, arrive_in_waves, arrive_stepwise


class Steps:
    def __init__(self) -> None:
        self.left: dict[int, int] = {}

    def add(self, row: int, prompt: Tokens, new_tokens: int) -> None:
        self.left[row] = new_tokens

    def step(self) -> Sequence[int]:
        rows = [row for row, left in self.left.items() if left]
        for row in rows:
            self.left[row] -= 1
        return rows


def test_newcomers_join_between_steps_and_everyone_is_served_whole() -> None:
    clients = [Client(0.02, [1]), Client(0.0, [2]), Client(0.02, [3])]

    times = arrive_stepwise(Steps(), clients, new_tokens=4)

    assert [len(row) for row in times] == [4, 4, 4]
    assert all(row[0] >= client.at for row, client in zip(times, clients, strict=True))


def test_in_waves_whoever_waits_makes_up_the_next() -> None:
    waves = []

    def write(prompts: Sequence[Tokens], new_tokens: int, seed: int, on_token: OnToken) -> None:
        waves.append([prompt[0] for prompt in prompts])
        for _ in range(new_tokens):
            for row in range(len(prompts)):
                on_token(row)

    times = arrive_in_waves(write, [Client(0.0, [1]), Client(0.05, [2]), Client(0.05, [3])], new_tokens=2)

    assert waves == [[1], [2, 3]]
    assert [len(row) for row in times] == [2, 2, 2]
