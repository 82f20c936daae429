from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from bots.forks import Fork, fork_at
from config.errors import InvalidOptions


@dataclass(frozen=True)
class Taken:
    text: str
    candidates: Sequence[Taken] = ()


TOKENS = [Taken(" a"), Taken(" cat", [Taken(" cat"), Taken(" dog")]), Taken(" ran")]


def test_a_place_and_another_token_make_a_fork() -> None:
    fork = fork_at(TOKENS, 1, 1)
    assert fork == Fork(2, " cat", " dog")
    assert fork.applied_to(" a cat ran") == " a dog"
    assert fork.sentence == 'Took " dog" instead of " cat", 2 characters in.'


@pytest.mark.parametrize(
    ("position", "rank", "sentence"),
    [
        (3, 0, "position must be between 1 and 3; you gave 4."),
        (-1, 0, "position must be between 1 and 3; you gave 0."),
        (0, 0, "Nothing else can stand at position 1; choose another."),
        (1, 2, "rank must be between 1 and 2 at position 2; you gave 3."),
        (1, -1, "rank must be between 1 and 2 at position 2; you gave 0."),
    ],
)
def test_what_stands_nowhere_is_refused(position: int, rank: int, sentence: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        fork_at(TOKENS, position, rank)
    assert caught.value.sentence == sentence


def test_where_nothing_was_written_nothing_can_be_chosen() -> None:
    with pytest.raises(InvalidOptions, match="no text that one could choose otherwise in"):
        fork_at((), 0, 0)


@pytest.mark.parametrize(
    ("fork", "sentence"),
    [
        (Fork(2, " cat", ""), "That token is empty; choose another."),
        (Fork(2, " cat", " cat"), "That is the token that was taken; choose another."),
        (Fork(2, " cow", " dog"), "That place isn't in the text any more; open it again and choose anew."),
        (Fork(99, "", " dog"), "That place isn't in the text any more; open it again and choose anew."),
    ],
)
def test_a_fork_that_doesnt_fit_is_refused(fork: Fork, sentence: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        fork.applied_to(" a cat ran")
    assert caught.value.sentence == sentence
