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
    fork = fork_at(TOKENS, 1, " dog")
    assert fork == Fork(2, " cat", " dog")
    assert fork.applied_to(" a cat ran") == " a dog"
    assert fork.sentence == 'Took " dog" instead of " cat", 2 characters in.'


@pytest.mark.parametrize(
    ("position", "token", "sentence"),
    [
        (3, " dog", "position must be between 1 and 3; you gave 4."),
        (-1, " dog", "position must be between 1 and 3; you gave 0."),
        (1, " cow", '" cow" is not among the likeliest there; those are " cat", " dog".'),
    ],
)
def test_what_stands_nowhere_is_refused(position: int, token: str, sentence: str) -> None:
    with pytest.raises(InvalidOptions) as caught:
        fork_at(TOKENS, position, token)
    assert caught.value.sentence == sentence


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
