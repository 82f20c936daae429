from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from generation.sampler import TorchSampler
from generation.self_test import WrongNumbers, check_runner
from tests.fakes.recording_runner import RecordingRunner

TOKENS = (5, 9, 200, 3, 3, 17)
Spoil = Callable[[torch.Tensor], torch.Tensor]


class SpoiledRunner(RecordingRunner):
    """Computes `spoil` of the right logits, in the passes whose number of rows is in `sizes` (0 are prompts)."""

    def __init__(self, spoil: Spoil, sizes: Sequence[int], room: int = 10**9) -> None:
        super().__init__(room=room)
        self.rows_seen: list[int] = []
        self._spoil = spoil
        self._sizes = sizes

    def score(self, prompts):
        return self._perhaps_spoil(super().score(prompts), 0)

    def decode(self, token_ids, positions):
        self.rows_seen.append(len(token_ids))
        return self._perhaps_spoil(super().decode(token_ids, positions), len(token_ids))

    def _perhaps_spoil(self, logits: torch.Tensor, size: int) -> torch.Tensor:
        return self._spoil(logits) if size in self._sizes else logits


def reference() -> torch.Tensor:
    runner = RecordingRunner()
    prompt = runner.open(TOKENS)
    return runner.score([prompt])


def spoil_last_row(logits: torch.Tensor) -> torch.Tensor:
    logits[-1] = logits[-1].roll(1)
    return logits


def spoil_one_number(logits: torch.Tensor) -> torch.Tensor:
    logits[0, 100] = torch.nan
    return logits


def check(runner: RecordingRunner, most_rows: int = 16, expected: torch.Tensor | None = None) -> None:
    check_runner(runner, TOKENS, reference() if expected is None else expected, 0.99, most_rows)


@pytest.mark.parametrize("most", [1, 3, 16, 20])
def test_a_right_runner_passes_at_every_size_up_to_the_largest(most: int) -> None:
    runner = SpoiledRunner(lambda logits: logits, ())
    check(runner, most)
    assert runner.rows_seen == [size for size in (*range(1, 13), 16) if size < most] + [most]
    assert runner.empty


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda logits: torch.randn(logits.shape), "correlate only"),
        (spoil_last_row, "correlate only"),
        (spoil_one_number, "correlate only nan"),
        (lambda logits: logits.fill_(1.0), "correlate only nan"),
        (lambda logits: logits * torch.inf, "correlate only nan"),
        (lambda logits: -logits, "correlate only -1"),
        (lambda logits: logits * 2, "2.00 times as far apart"),
        (lambda logits: logits / 2, "2.00 times as far apart"),
    ],
)
@pytest.mark.parametrize(("size", "name"), [(0, "a prompt"), (1, "1 rows"), (5, "5 rows"), (16, "16 rows")])
def test_wrong_numbers_are_found_where_they_are(spoil: Spoil, finding: str, size: int, name: str) -> None:
    with pytest.raises(WrongNumbers, match=f"^for {name} the logits .*{finding}"):
        check(SpoiledRunner(spoil, [size]))


@pytest.mark.parametrize("size", [1, 7, 9, 11, 12, 16])
def test_other_last_bits_are_found(size: int) -> None:
    with pytest.raises(WrongNumbers, match=f"^with {size} rows the last bits"):
        check(SpoiledRunner(lambda logits: logits.nextafter(torch.tensor(torch.inf)), [size]))


def test_a_reference_that_is_no_number_lets_nothing_pass() -> None:
    with pytest.raises(WrongNumbers):
        check(RecordingRunner(), expected=torch.full((len(TOKENS), 257), torch.nan))


def test_more_rows_than_memory_holds_are_left_out() -> None:
    runner = SpoiledRunner(lambda logits: logits, (), room=4 * len(TOKENS))
    check(runner)
    # Six positions for one text, three for the other.
    assert max(runner.rows_seen) == 5


class OtherTokens(TorchSampler):
    def sample_tokens(self, logits, rows):
        drawn = super().sample_tokens(logits, rows)
        return [token + (row.options.temperature == 0) for token, row in zip(drawn, rows, strict=True)]


def test_other_tokens_than_torch_draws_are_found() -> None:
    runner = RecordingRunner()
    runner.sampler = OtherTokens()
    with pytest.raises(WrongNumbers, match=r"^with \{'temperature': 0.0\} other tokens"):
        check(runner)


class MixedUp(RecordingRunner):
    """Of several prompts the second gets the first one's logits."""

    def prefill(self, prompts):
        logits = super().prefill(prompts)
        return logits[:1].expand_as(logits)


def test_prompts_that_are_mixed_up_are_found() -> None:
    with pytest.raises(WrongNumbers, match=r"^two prompts read together"):
        check(MixedUp())


class NeighbourReader(RecordingRunner):
    """Gives each row but the first its neighbour's logits."""

    def decode(self, token_ids, positions):
        logits = super().decode(token_ids, positions)
        return torch.cat([logits[:1], logits[:-1]])


def test_a_row_that_reads_its_neighbours_is_found() -> None:
    with pytest.raises(WrongNumbers, match=r"^for 2 rows the logits correlate only"):
        check(NeighbourReader())
