from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.completions_api.dialect import (
    ENGINE,
    KNOWN,
    LLAMA_SERVER,
    PLAIN,
    VLLM,
    Dialect,
    completion_body,
    extra_fields,
    find_dialect,
)
from backends.protocol import CompletionRequest
from config.sampling import SamplingOptions

OFF = {"top_k": 0, "top_p": 1, "min_p": 0, "typical_p": 1, "repetition_penalty": 1}
ON = {"top_k": 5, "top_p": 0.5, "min_p": 0.1, "typical_p": 0.9, "repetition_penalty": 1.2}


def body(dialect: Dialect, sample: int | None = 0, keep_last: int | None = None, **options: object) -> dict[str, Any]:
    shape = SamplingOptions.model_validate({"seed": 7, **options})
    request = CompletionRequest("r", "Once", shape, keep_last_tokens=keep_last)
    return completion_body(request, "gpt2", dialect, sample)


def test_plain_server_gets_only_what_is_on() -> None:
    assert body(PLAIN, **OFF) == {
        "model": "gpt2",
        "prompt": "Once",
        "max_tokens": 60,
        "temperature": 0.8,
        "top_p": 1.0,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("off", [{"top_p": 0}, {"top_p": 1}])
def test_nucleus_that_is_off_is_one_on_the_wire(off: dict[str, float]) -> None:
    assert body(PLAIN, **{**OFF, **off})["top_p"] == 1.0


def test_engine_gets_all_samples_at_once_with_every_option() -> None:
    sent = body(ENGINE, None, keep_last=9, samples=3, stop=["a"], frequency_penalty=1, presence_penalty=-1, **ON)
    assert sent["n"] == 3
    assert sent["seed"] == 7
    assert sent["truncate_prompt_tokens"] == 9
    assert sent["stop"] == ["a"]
    assert (sent["frequency_penalty"], sent["presence_penalty"]) == (1, -1)
    assert {name: sent[name] for name in ON} == ON
    assert "stream_options" not in sent


def test_single_sample_has_its_own_seed_and_no_n() -> None:
    sent = body(PLAIN, 2, samples=3)
    assert sent["seed"] == 9
    assert "n" not in sent


def test_greedy_text_needs_no_filters() -> None:
    sent = body(PLAIN, temperature=0, **ON)
    assert sent["temperature"] == 0
    assert {name for name in ON if name in sent} == {"repetition_penalty"}


def test_servers_with_defaults_of_their_own_are_told_what_is_off() -> None:
    assert body(VLLM, **OFF)["top_k"] == -1
    sent = body(LLAMA_SERVER, **OFF)
    assert (sent["top_k"], sent["min_p"], sent["repeat_penalty"]) == (0, 0.0, 1.0)
    assert body(LLAMA_SERVER, **ON)["repeat_penalty"] == 1.2


def test_servers_are_known_by_their_owner() -> None:
    assert all(find_dialect(dialect.owned_by) is dialect for dialect in KNOWN)
    assert find_dialect("somebody") is find_dialect(None) is PLAIN


def test_every_extra_field_has_a_remedy() -> None:
    assert extra_fields(body(PLAIN, keep_last=5, **ON)).keys() == ON.keys() - {"top_p"} | {"truncate_prompt_tokens"}


@given(seed=st.integers(0, 2**31 - 1), sample=st.integers(0, 31))
def test_seed_stays_in_range(seed: int, sample: int) -> None:
    assert 0 <= body(PLAIN, sample, seed=seed)["seed"] < 2**31
