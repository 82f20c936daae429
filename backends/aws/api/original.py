"""`POST /generate` as the system of 2019 had it, for whatever still speaks to it.

Its numbers came as strings, its `top_n` was also called `top_k`, and its answer was {"text0": …, "text1": …}. What it
answered was JSON in a JSON string; a page that reads it parses twice, so that is kept for those who ask for it with
`?twice=1`. Unlike it, `length` ends at the end of text too, and a repetition penalty below 0 logits is not inverted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backends.aws.api.submission import read_key, read_object, read_prompt, with_seed_of
from backends.aws.jobs.job import JournalEvent, Order
from backends.protocol import TextDelta
from config.errors import InvalidOptions
from config.sampling import SamplingOptions, canonical_name, parse_overrides
from config.text import shorten

DEFAULTS = SamplingOptions(length=20, samples=1, temperature=1.0, top_k=0, top_p=1.0)
"""Where the request says nothing, as its worker had them."""
WAIT_S = 25.0
_OPTIONS = ("num_samples", "length", "temperature", "top_p", "top_k", "top_n", "seed")


def read_generate(body: bytes, key: str | None, write_s: float) -> tuple[str, str, Order]:
    """Key, prompt and order. The key may also be in the body; sent twice under one, it is one request. Raises
    InvalidOptions."""
    values = read_object(body)
    prompt = read_prompt(values.pop("prompt", None))
    known = read_key(values.pop("key", None) if key is None else key)
    for name in values:
        if name not in _OPTIONS:
            raise InvalidOptions(
                f'I don\'t know "{shorten(name)}"; the fields are prompt, {", ".join(_OPTIONS)} and key.', name
            )
    options = parse_overrides(_once(values)).over(DEFAULTS)
    return known, prompt, Order(with_seed_of(known, options), write_s=write_s)


def _once(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both of `top_n` and `top_k` may be given if they are the same, as its page and its blog post differ."""
    once: dict[str, Any] = {}
    for name, value in values.items():
        known = canonical_name(name)
        if known in once and str(once[known]).strip() != str(value).strip():
            raise InvalidOptions("top_k and top_n are the same option; give one of them.", "top_k")
        once[known] = value
    return once


def texts_of(events: Iterable[JournalEvent], samples: int) -> dict[str, str]:
    """{"text0": …} for every sample, empty ones too."""
    texts = [""] * samples
    for event in events:
        if isinstance(event, TextDelta):
            texts[event.sample] += event.text
    return {f"text{number}": text for number, text in enumerate(texts)}
