from __future__ import annotations

import pytest

import config.errors
from config.errors import (
    BackendUnavailable,
    DeadlineExceeded,
    EngineFailed,
    InklingError,
    InvalidOptions,
    InvalidSettings,
    NotFound,
    Overloaded,
    PromptTooLong,
)

LEAVES = [
    error for error in vars(config.errors).values() if isinstance(error, type) and issubclass(error, InklingError)
]


def test_each_error_has_its_own_code() -> None:
    concrete = [error for error in LEAVES if "code" in vars(error)]
    assert len({error.code for error in concrete}) == len(concrete)


@pytest.mark.parametrize("error", [InvalidSettings, NotFound, InvalidOptions, EngineFailed])
def test_sentence_is_the_message(error: type[InklingError]) -> None:
    assert error("The lamp is out.").sentence == str(error("The lamp is out.")) == "The lamp is out."


@pytest.mark.parametrize("error", [Overloaded, DeadlineExceeded, BackendUnavailable, EngineFailed])
def test_waiting_time_is_known_or_not(error: type[Overloaded]) -> None:
    assert error("Full.", 2.5).retry_after_s == 2.5
    assert error("Full.").retry_after_s is None


def test_prompt_too_long_says_by_how_much() -> None:
    error = PromptTooLong("gpt2", 1312, 60, 1024)
    assert error.sentence == "That prompt is 1,312 tokens; gpt2 takes 1,024 minus the 60 you asked for."
    assert error.limit == 964
    assert error.name == "prompt"
    assert isinstance(error, InvalidOptions)


def test_no_prompt_fits_when_the_length_fills_the_model() -> None:
    assert PromptTooLong("gpt2", 1, 1030, 1024).limit == -6
