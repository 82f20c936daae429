"""What somebody wants written, checked before anything is kept of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ulid import ULID

from backends.aws.jobs.job import NewJob, Order
from config.aws import Deployment
from config.errors import InvalidOptions
from config.sampling import MAX_SAMPLES, MAX_SEED, SamplingOptions, parse_overrides, read_number
from config.text import shorten

MAX_BODY_BYTES = 2_000_000
"""A prompt of 100,000 characters, however JSON writes them, and a little."""
MAX_PROMPT_CHARACTERS = 100_000
MAX_KEY_CHARACTERS = 200
MAX_WRITE_S = 3600.0
MAX_KEEP_TOKENS = 1_000_000
_FIELDS = ("prompt", "options", "model", "keep_last_tokens", "deadline_s", "key")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Raises InvalidOptions."""
    if len(body) > MAX_BODY_BYTES:
        raise InvalidOptions(f"A request can be up to {MAX_BODY_BYTES:,} bytes; this one has {len(body):,}.")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidOptions("The body must be a JSON object.") from error
    if not isinstance(values, dict):
        raise InvalidOptions("The body must be a JSON object.")
    return values


def read_submission(body: bytes, owner: str, deployment: Deployment, now: float) -> NewJob:
    """Raises InvalidOptions, which names the field and its range."""
    values = read_object(body)
    for name in values:
        if name not in _FIELDS:
            raise InvalidOptions(f'I don\'t know "{shorten(name)}"; the fields are {", ".join(_FIELDS)}.', name)
    write_s = _number("deadline_s", values.get("deadline_s", 120.0), 0.001, MAX_WRITE_S)
    keep = values.get("keep_last_tokens")
    key = read_key(values.get("key"))
    order = Order(
        with_seed_of(key, _options(values.get("options", {}))),
        _text("model", values["model"], 200) if values.get("model") is not None else None,
        None if keep is None else _whole("keep_last_tokens", keep, 1, MAX_KEEP_TOKENS),
        write_s,
    )
    return new_job(owner, key, read_prompt(values.get("prompt")), order, deployment, now)


def new_job(owner: str, key: str, prompt: str, order: Order, deployment: Deployment, now: float) -> NewJob:
    return NewJob(owner, key, prompt, order, now, now + deployment.wake_s + order.write_s)


def with_seed_of(key: str, options: SamplingOptions) -> SamplingOptions:
    """The same seed for the same key where none is given, so that a request sent twice is the same request."""
    if options.seed is not None:
        return options
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return options.model_copy(update={"seed": number % (MAX_SEED - MAX_SAMPLES)})


def read_key(key: object) -> str:
    """One of its own where none is given."""
    return str(ULID()) if key is None else _text("key", key, MAX_KEY_CHARACTERS)


def read_prompt(prompt: object) -> str:
    if not isinstance(prompt, str):
        raise InvalidOptions("prompt must be a text.", "prompt")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        sentence = f"prompt can be up to {MAX_PROMPT_CHARACTERS:,} characters; this one has {len(prompt):,}."
        raise InvalidOptions(sentence, "prompt")
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise InvalidOptions("prompt holds half of a surrogate pair, which is no character.", "prompt") from error
    return prompt


def _options(values: object) -> SamplingOptions:
    if not isinstance(values, Mapping):
        raise InvalidOptions("options must be an object of sampling options.", "options")
    given = {name: value for name, value in values.items() if value is not None}
    return parse_overrides(given).over(SamplingOptions())


def _number(name: str, value: object, least: float, most: float) -> float:
    try:
        number = read_number(value)
    except ValueError:
        number = None
    if not isinstance(number, int | float) or not least <= number <= most:
        raise InvalidOptions(f"{name} must be a number between {least:g} and {most:,g}.", name)
    return float(number)


def _whole(name: str, value: object, least: int, most: int) -> int:
    number = _number(name, value, least, most)
    if number != int(number):
        raise InvalidOptions(f"{name} must be a whole number between {least:,} and {most:,}.", name)
    return int(number)


def _text(name: str, value: object, most: int) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
        raise InvalidOptions(f"{name} must be a text of 1 to {most} printable characters.", name)
    return value
