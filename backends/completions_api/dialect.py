"""How a request is put to the servers there are: the same options with the same meaning, in each one's words.

OpenAI's own fields are enough for most. The rest differ in name, in what "off" is, and in their defaults: vLLM takes a
model's recommended values and llama-server filters of its own unless told otherwise, so those two get "off" in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.protocol import CompletionRequest
from config.sampling import SamplingOptions

FieldValue = str | int | float | bool | list[str] | dict[str, bool]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server takes."""

    owned_by: str | None
    """How /v1/models gives such a server away; None for the servers nobody knows."""
    native_samples: bool = False
    """Does `n` give sample i the seed `seed + i`? Otherwise each sample is a request of its own."""
    counts_samples: bool = False
    """Does each choice bring its `completion_tokens`? Otherwise `usage` is asked for."""
    scores_prompts: bool = False
    """Does `echo` with `logprobs` tell how likely each token of a prompt is?"""
    tells_next_tokens: bool = False
    """Does `next_tokens` tell what temperature and filters make of the model's distribution?"""
    names: Mapping[str, str] = field(default_factory=dict)
    """Fields that have another name there."""
    off: Mapping[str, FieldValue] = field(default_factory=dict)
    """What to send, by our name, for a filter that is off; others are left out."""


ENGINE = Dialect("inkling", native_samples=True, counts_samples=True, scores_prompts=True, tells_next_tokens=True)
VLLM = Dialect("vllm", scores_prompts=True, off={"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0})
LLAMA_SERVER = Dialect(
    "llamacpp",
    names={"repetition_penalty": "repeat_penalty"},
    off={"top_k": 0, "min_p": 0.0, "typical_p": 1.0, "repetition_penalty": 1.0},
)
PLAIN = Dialect(None)
KNOWN = (ENGINE, VLLM, LLAMA_SERVER)

REMEDIES: Mapping[str, str] = {
    "top_k": "set top_k to 0",
    "min_p": "set min_p to 0",
    "typical_p": "set typical_p to 1",
    "repetition_penalty": "set repetition_penalty to 1",
    "repeat_penalty": "set repetition_penalty to 1",
    "truncate_prompt_tokens": "shorten the prompt yourself",
}
"""The fields that are not OpenAI's own, with what a person can do when a server refuses one."""


def find_dialect(owned_by: str | None) -> Dialect:
    return next((dialect for dialect in KNOWN if dialect.owned_by == owned_by), PLAIN)


def completion_body(
    request: CompletionRequest, model: str | None, dialect: Dialect, sample: int | None
) -> dict[str, Any]:
    """The JSON of a streaming request: for all samples when `sample` is None, else for that one alone."""
    options = request.options
    body: dict[str, FieldValue] = {
        "prompt": request.prompt,
        "max_tokens": options.length,
        "temperature": options.temperature,
        "seed": options.seed_of(sample or 0),
        "stream": True,
    }
    if model is not None:
        body["model"] = model
    if sample is None:
        body["n"] = options.samples
    if options.stop:
        body["stop"] = list(options.stop)
    if request.keep_last_tokens is not None:
        body["truncate_prompt_tokens"] = request.keep_last_tokens
    if not dialect.counts_samples:
        body["stream_options"] = {"include_usage": True}
    return body | _filters(options, dialect)


def _filters(options: SamplingOptions, dialect: Dialect) -> dict[str, FieldValue]:
    """The options that shape the distribution. For greedy text only the penalties matter."""
    on: dict[str, FieldValue] = {
        name: getattr(options, name) for name in ("frequency_penalty", "presence_penalty") if getattr(options, name)
    }
    if options.repetition_penalty != 1:
        on["repetition_penalty"] = options.repetition_penalty
    if not options.greedy:
        on |= _sampling_filters(options)
    sent = {**dialect.off, **on}
    return {dialect.names.get(name, name): value for name, value in sent.items()}


def _sampling_filters(options: SamplingOptions) -> dict[str, FieldValue]:
    filters: dict[str, FieldValue] = {"top_p": options.top_p if 0 < options.top_p < 1 else 1.0}
    if options.top_k > 0:
        filters["top_k"] = options.top_k
    if options.min_p > 0:
        filters["min_p"] = options.min_p
    if 0 < options.typical_p < 1:
        filters["typical_p"] = options.typical_p
    return filters


def extra_fields(body: Mapping[str, object]) -> dict[str, str]:
    """Those of the body's fields that are not OpenAI's own, each with its remedy."""
    return {name: remedy for name, remedy in REMEDIES.items() if name in body}
