"""What every message to a person must be."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import InklingError


def refusal_of(call: Callable[[], object]) -> str | None:
    """The sentence `call` is refused with, checked to be one; None when it is not refused."""
    try:
        call()
    except InklingError as error:
        check_sentence(error.sentence)
        return error.sentence
    return None


def check_sentence(sentence: str) -> None:
    """One line that ends once and holds nothing of the libraries that found the mistake."""
    assert sentence.isprintable()
    assert sentence[-1] in ".?"
    assert sentence[-2] not in ".?!,;:"
    assert len(sentence) < 400
    for jargon in ("pydantic", "http://errors", "https://errors", "Input should", "input_value", "Traceback"):
        assert jargon not in sentence
