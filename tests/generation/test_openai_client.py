"""The official client of OpenAI, pointed at the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import openai
import pytest

from tests.fakes.served_engine import serve_engine
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2

PROMPT = "Once upon a time"
MODEL = "tiny-gpt2"


@pytest.fixture(scope="module")
def loaded() -> NetworkModel:
    return build_tiny_gpt2()


@pytest.fixture
async def client(loaded: NetworkModel) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        serve_engine(loaded, api_key="a-key") as served,
        openai.AsyncOpenAI(base_url=served.url, api_key="a-key", max_retries=0) as client,
    ):
        yield client


async def test_completion(client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(
        model=MODEL, prompt=PROMPT, n=2, seed=1, max_tokens=9, logprobs=2, extra_body={"top_k": 20, "min_p": 0.01}
    )
    assert len(answer.choices) == 2
    assert all(len(choice.logprobs.tokens) == 9 for choice in answer.choices)
    assert answer.usage.total_tokens == 16 + 18
    again = await client.completions.create(
        model=MODEL, prompt=PROMPT, seed=2, max_tokens=9, extra_body={"top_k": 20, "min_p": 0.01}
    )
    assert again.choices[0].text == answer.choices[1].text


async def test_stream(client: openai.AsyncOpenAI) -> None:
    whole = await client.completions.create(model=MODEL, prompt=PROMPT, seed=1, max_tokens=20, stop="e")
    stream = await client.completions.create(
        model=MODEL, prompt=PROMPT, seed=1, max_tokens=20, stop="e", stream=True, stream_options={"include_usage": True}
    )
    text, reasons, usage = "", [], None
    async for chunk in stream:
        text += "".join(choice.text for choice in chunk.choices)
        reasons += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
        usage = chunk.usage or usage
    assert text == whole.choices[0].text
    assert reasons == [whole.choices[0].finish_reason]
    assert usage == whole.usage


async def test_models(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == [MODEL]
    assert (await client.models.retrieve(MODEL)).owned_by == "inkling"


async def test_errors(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature must be between 0 and 2") as refused:
        await client.completions.create(model=MODEL, prompt=PROMPT, temperature=3)
    assert (refused.value.param, refused.value.code) == ("temperature", "invalid_options")
    with pytest.raises(openai.NotFoundError):
        await client.completions.create(model="other", prompt=PROMPT)
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="wrong").completions.create(model=MODEL, prompt=PROMPT)
    with pytest.raises(openai.BadRequestError) as long:
        await client.completions.create(model=MODEL, prompt="x" * 600)
    assert long.value.code == "context_length_exceeded"
