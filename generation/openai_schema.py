"""The body of /v1/completions: read strictly, with errors that name the field and its range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from config.errors import InvalidOptions
from config.sampling import SamplingOptions, SamplingOverrides, option_error
from config.text import closest, find_unusable_character

MAX_LOGPROBS = 20
MAX_NEXT_TOKENS = 100
MAX_PROMPTS = 256
MAX_KEPT_TOKENS = 10_000_000

NEUTRAL = SamplingOptions(temperature=1.0, top_k=0, top_p=1.0, length=16)
"""What the API does when a field is left out: the model's own distribution, 16 tokens."""

_OPTION_OF_FIELD: Mapping[str, str] = {
    "max_tokens": "length",
    "n": "samples",
    **{name: name for name in SamplingOptions.model_fields if name not in ("length", "samples")},
}
_OTHER_FIELDS = (
    "model",
    "prompt",
    "stream",
    "stream_options",
    "logprobs",
    "next_tokens",
    "echo",
    "best_of",
    "truncate_prompt_tokens",
)
_IGNORED_FIELDS = ("user",)
_REFUSED_FIELDS: Mapping[str, str] = {
    "logit_bias": "logit_bias is not supported here; leave it out.",
    "suffix": "suffix is not supported here: the models write onwards only; leave it out.",
}
_FIELDS = (*_OPTION_OF_FIELD, *_OTHER_FIELDS, *_IGNORED_FIELDS, *_REFUSED_FIELDS)

Prompt = str | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompletionCall:
    """A valid request. `options.seed` is None when the caller left it to us."""

    prompts: tuple[Prompt, ...]
    options: SamplingOptions
    model: str | None = None
    logprobs: int | None = None
    """How many alternatives to report for each token; None reports nothing."""
    next_tokens: int | None = None
    """How many candidates for the first new token to report, before and after temperature and filters."""
    echo: bool = False
    score_only: bool = False
    """`echo` with `max_tokens` 0: nothing is written, the prompt itself is the answer."""
    stream: bool = False
    include_usage: bool = False
    keep_last_tokens: int | None = None


def parse_call(raw: bytes | bytearray) -> CompletionCall:
    """Read a body. Raises InvalidOptions, whose `name` is the field."""
    body = _read_object(raw)
    _check_fields(body)
    echo = _read_flag(body, "echo")
    score_only = echo and body.get("max_tokens") == 0 and not isinstance(body["max_tokens"], bool)
    options = _read_options(body, score_only)
    _check_best_of(body, options.samples)
    stream = _read_flag(body, "stream")
    return CompletionCall(
        prompts=_read_prompts(body.get("prompt")),
        options=options,
        model=_read_model(body),
        logprobs=_read_whole(body, "logprobs", 0, MAX_LOGPROBS),
        next_tokens=_read_next_tokens(body, score_only),
        echo=echo,
        score_only=score_only,
        stream=stream,
        include_usage=_read_include_usage(body, stream),
        keep_last_tokens=_read_whole(body, "truncate_prompt_tokens", 1, MAX_KEPT_TOKENS),
    )


def _read_object(raw: bytes | bytearray) -> Mapping[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidOptions("The request's body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise InvalidOptions("The request's body must be a JSON object.")
    # As with OpenAI, null means: not given.
    return {name: value for name, value in body.items() if value is not None}


def _check_fields(body: Mapping[str, Any]) -> None:
    for name, value in body.items():
        if name not in _FIELDS:
            close = closest(name.lower(), _FIELDS)
            hint = f" Did you mean {close}?" if close else ""
            raise InvalidOptions(f"I don't know the field {_shown(name)}.{hint}", name[:40])
        if name in _REFUSED_FIELDS and value not in ("", {}):
            raise InvalidOptions(_REFUSED_FIELDS[name], name)


def _read_options(body: Mapping[str, Any], score_only: bool) -> SamplingOptions:
    given = {option: body[field] for field, option in _OPTION_OF_FIELD.items() if field in body}
    if score_only:
        # Nothing is written, so the prompt has all the room but the one token no request goes without.
        given["length"] = 1
    field_of = {option: field for field, option in _OPTION_OF_FIELD.items()}
    try:
        overrides = SamplingOverrides.model_validate(given)
    except ValidationError as error:
        problem = option_error(error.errors()[0])
        name = problem.name or ""
        field = field_of.get(name, name)
        raise InvalidOptions(problem.sentence.replace(name, field, 1), field) from error
    for option, value in given.items():
        if option != "stop" and isinstance(value, str):
            field = field_of[option]
            raise InvalidOptions(f'{field} must be a number, not a string; you gave "{value[:40]}".', field)
    return overrides.over(NEUTRAL)


def _check_best_of(body: Mapping[str, Any], samples: int) -> None:
    best_of = body.get("best_of", samples)
    if isinstance(best_of, bool) or best_of != samples:
        raise InvalidOptions(f"best_of must equal n, which is {samples}: every sample is returned.", "best_of")


def _read_prompts(value: object) -> tuple[Prompt, ...]:
    """A string, strings, token ids or lists of token ids."""
    if isinstance(value, list) and value and not _is_whole(value[0]):
        if len(value) > MAX_PROMPTS:
            raise InvalidOptions(
                f"prompt takes up to {MAX_PROMPTS} prompts at once; you gave {len(value):,}.", "prompt"
            )
        return tuple(_read_prompt(prompt) for prompt in value)
    return (_read_prompt(value),)


def _read_prompt(value: object) -> Prompt:
    if isinstance(value, str):
        bad = find_unusable_character(value)
        if bad is not None:
            kind = "a NUL character" if value[bad] == "\x00" else "half of a surrogate pair"
            raise InvalidOptions(f"The prompt holds {kind} at position {bad + 1:,}.", "prompt")
        return value
    if isinstance(value, list) and value and all(_is_whole(token) for token in value):
        return tuple(value)
    if value is None:
        raise InvalidOptions("The prompt is missing.", "prompt")
    raise InvalidOptions("prompt must be a string, token ids, or a list of one of these.", "prompt")


def _read_model(body: Mapping[str, Any]) -> str | None:
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise InvalidOptions("model must be a string.", "model")
    return model


def _read_flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidOptions(f"{name} must be true or false.", name)
    return value


def _read_include_usage(body: Mapping[str, Any], stream: bool) -> bool:
    options = body.get("stream_options", {})
    if not isinstance(options, dict):
        raise InvalidOptions("stream_options must be an object.", "stream_options")
    if "stream_options" in body and not stream:
        raise InvalidOptions("stream_options needs stream to be true.", "stream_options")
    if not isinstance(options.get("include_usage", False), bool):
        raise InvalidOptions("stream_options.include_usage must be true or false.", "stream_options")
    return bool(options.get("include_usage", False))


def _read_next_tokens(body: Mapping[str, Any], score_only: bool) -> int | None:
    if score_only and "next_tokens" in body:
        raise InvalidOptions("next_tokens needs max_tokens to be at least 1.", "next_tokens")
    return _read_whole(body, "next_tokens", 1, MAX_NEXT_TOKENS)


def _read_whole(body: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidOptions(f"{name} must be a whole number between {least} and {most:,}.", name)
    if not least <= value <= most:
        raise InvalidOptions(f"{name} must be between {least} and {most:,}; you gave {_shown(value)}.", name)
    return value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 42 else text[:40] + "…"
