from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import torch

from config.errors import EngineFailed, InvalidOptions, Overloaded, PromptTooLong
from config.sampling import SamplingOptions
from generation.engine import BatchingEngine
from generation.models import longest_text
from generation.types import EngineLimits, GenerationRequest, SampleEnded, TextGenerated
from tests.fakes.engine_requests import Answer, build_request, collect, collect_in_turn
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2, build_tiny_llama
from tests.fakes.torch_engine import build_torch_engine
from tests.generation.conftest import MakeEngine

BUILDERS = {"gpt2": build_tiny_gpt2, "llama": build_tiny_llama}


@pytest.fixture(params=BUILDERS, scope="module")
def loaded(request) -> NetworkModel:
    return BUILDERS[request.param]()


@pytest.fixture
async def engine(loaded: NetworkModel, make_exact_engine: MakeEngine):
    engine = make_exact_engine(loaded, EngineLimits(max_running=4, max_waiting=64))
    yield engine
    await engine.aclose()


@pytest.fixture
async def torch_engine(loaded: NetworkModel):
    """Slow enough to be met while it writes."""
    engine = build_torch_engine(loaded, EngineLimits(max_running=4, max_waiting=64))
    yield engine
    await engine.aclose()


def prompt_of(length: int) -> tuple[int, ...]:
    return tuple((11 + index * 37) % 250 + 3 for index in range(length))


def generate_greedily(loaded: NetworkModel, prompt: tuple[int, ...], length: int) -> list[int]:
    """transformers' own loop."""
    ids = torch.tensor([prompt])
    written = loaded.network.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=length, do_sample=False, pad_token_id=0
    )
    tokens = written[0, len(prompt) :].tolist()
    return [token for token in tokens if token not in loaded.eos_token_ids]


async def pass_a_step(engine: BatchingEngine) -> None:
    """The engine has taken every earlier order when this short request has ended."""
    await collect(engine, build_request((5,), SamplingOptions(length=1, seed=1)))


async def insist(engine: BatchingEngine, request: GenerationRequest) -> Answer:
    """Try again while the queue is full."""
    while True:
        try:
            return await collect(engine, request)
        except Overloaded:
            await asyncio.to_thread(engine.stats)


async def test_greedy_batch_equals_transformers_generate(loaded: NetworkModel, engine: BatchingEngine) -> None:
    lengths = {3: 30, 17: 12, 64: 25, 65: 40, 300: 20, 1: 35, 130: 5}
    requests = [
        build_request(prompt_of(prompt), SamplingOptions(temperature=0, length=length, seed=0), logprobs=0)
        for prompt, length in lengths.items()
    ]
    answers = await collect_in_turn(engine, requests)
    for (prompt, length), answer in zip(lengths.items(), answers, strict=True):
        tokens = [token.token_id for token in answer.tokens[0]]
        assert tokens == generate_greedily(loaded, prompt_of(prompt), length)


async def test_events_join_to_the_tokenizers_text_and_end_once(loaded: NetworkModel, engine: BatchingEngine) -> None:
    request = build_request(prompt_of(9), SamplingOptions(samples=3, length=30, seed=5), logprobs=2)
    answer = await collect(engine, request)
    assert sorted(answer.ends) == [0, 1, 2]
    for sample, end in answer.ends.items():
        tokens = answer.tokens[sample]
        assert end.completion_tokens == len(tokens) <= 30
        assert end.finish_reason == ("length" if len(tokens) == 30 else "stop")
        assert all(len(token.top) == 2 and token.top[0][1] >= token.logprob for token in tokens)
        if loaded.name == "tiny-gpt2":
            assert answer.texts[sample] == loaded.tokenizer.decode([token.token_id for token in tokens])


async def test_more_samples_than_rows_wait_for_their_turn(engine: BatchingEngine) -> None:
    many = await collect(engine, build_request(prompt_of(20), SamplingOptions(samples=11, length=15, seed=7)))
    assert sorted(many.ends) == list(range(11))
    assert len(set(many.texts.values())) == 11
    assert engine.stats().running == engine.stats().waiting == 0
    assert engine.stats().prompt_tokens_total == 20


async def test_end_of_text_ends_a_sample_and_is_not_part_of_it(
    loaded: NetworkModel, make_exact_engine: MakeEngine
) -> None:
    tokens = generate_greedily(loaded, prompt_of(8), 20)
    ending = replace(loaded, eos_token_ids=frozenset({tokens[6]}))
    engine = make_exact_engine(ending, EngineLimits())
    options = SamplingOptions(temperature=0, length=20, seed=0)
    answer = await collect(engine, build_request(prompt_of(8), options, logprobs=0))
    first = tokens.index(tokens[6])
    assert [token.token_id for token in answer.tokens.get(0, [])] == tokens[:first]
    assert answer.ends[0] == SampleEnded(0, "stop", None, first)
    await engine.aclose()


async def test_a_stop_string_ends_a_sample_and_never_shows(engine: BatchingEngine) -> None:
    def options(*stop: str) -> SamplingOptions:
        return SamplingOptions(seed=3, length=60, temperature=1.0, stop=stop)

    text = (await collect(engine, build_request(prompt_of(8), options()))).texts[0]
    stop = text[20:23]
    answer = await collect(engine, build_request(prompt_of(8), options(stop, "never seen")))
    assert answer.texts[0] == text[: text.index(stop)]
    assert answer.ends[0].finish_reason == "stop"
    assert answer.ends[0].stop_reason == stop


@pytest.mark.parametrize("length", [1, 64, 65, 290])
async def test_prompt_logprobs_come_first_and_change_nothing(
    loaded: NetworkModel, engine: BatchingEngine, length: int
) -> None:
    options = SamplingOptions(seed=4, length=10)
    prompt = prompt_of(length)
    plain = await collect(engine, build_request(prompt, options))
    scored = await collect(engine, build_request(prompt, options, logprobs=3, prompt_logprobs=True))
    assert scored.texts == plain.texts
    assert scored.prompt is not None
    assert [token.token_id for token in scored.prompt.tokens] == list(prompt)
    assert scored.prompt.tokens[0].logprob is None
    with torch.inference_mode():
        expected = loaded.network(torch.tensor([prompt])).logits[0].log_softmax(-1)
    for place, token in enumerate(scored.prompt.tokens[1:]):
        assert token.logprob == pytest.approx(expected[place, token.token_id].item(), abs=1e-4)
        assert len(token.top) == 3
    for token in scored.tokens[0][:1]:
        assert token.logprob == pytest.approx(expected[-1, token.token_id].item(), abs=1e-4)


async def test_refuses_what_it_can_t_do_before_the_first_event(loaded: NetworkModel, engine: BatchingEngine) -> None:
    with pytest.raises(PromptTooLong) as long:
        await collect(engine, build_request(prompt_of(453), SamplingOptions(length=60)))
    assert long.value.limit == 452
    with pytest.raises(InvalidOptions, match="between 0 and"):
        await collect(engine, build_request((5, 100_000)))
    fits = await collect(engine, build_request(prompt_of(452), SamplingOptions(length=60, seed=1)))
    assert fits.ends[0].completion_tokens <= 60
    if loaded.tokenizer.bos_token_id is None:
        with pytest.raises(InvalidOptions, match="write at least one word"):
            await collect(engine, build_request(()))
    else:
        assert (await collect(engine, build_request(()))).ends


async def test_top_k_beyond_the_vocabulary_is_off(engine: BatchingEngine) -> None:
    texts = [
        (await collect(engine, build_request(prompt_of(5), SamplingOptions(seed=2, top_k=top_k)))).texts
        for top_k in (0, 1_000_000)
    ]
    assert texts[0] == texts[1]


async def test_closing_the_iterator_frees_the_rows(torch_engine: BatchingEngine) -> None:
    events = torch_engine.generate(build_request(prompt_of(5), SamplingOptions(samples=8, length=400, seed=1)))
    await anext(events)
    assert torch_engine.stats().running == 4
    assert torch_engine.stats().waiting == 4
    await events.aclose()
    await pass_a_step(torch_engine)
    assert torch_engine.stats().running == torch_engine.stats().waiting == 0
    assert torch_engine.stats().completion_tokens_total < 400


async def test_cancelling_the_consumer_frees_the_rows(torch_engine: BatchingEngine) -> None:
    started = asyncio.Event()
    request = build_request(prompt_of(5), SamplingOptions(samples=2, length=500, seed=1))
    task = asyncio.create_task(collect(torch_engine, request, started))
    await started.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await pass_a_step(torch_engine)
    assert torch_engine.stats().running == 0


async def test_a_full_queue_refuses_with_a_time_to_try_again(loaded: NetworkModel) -> None:
    engine = build_torch_engine(loaded, EngineLimits(max_running=1, max_waiting=2))
    options = SamplingOptions(length=400, samples=3, seed=1)
    first = engine.generate(build_request(prompt_of(5), options))
    await anext(first)
    with pytest.raises(Overloaded, match=r"The queue is full \(2 waiting\). Try again in about") as full:
        await collect(engine, build_request(prompt_of(5)))
    assert full.value.retry_after_s >= 1
    await first.aclose()
    await insist(engine, build_request(prompt_of(5), SamplingOptions(length=3, seed=1)))
    # More samples than the queue ever takes still run when nothing else does.
    assert len((await collect(engine, build_request(prompt_of(5), SamplingOptions(samples=5, seed=1)))).ends) == 5
    await engine.aclose()


async def test_closing_the_engine_fails_open_requests_and_refuses_new_ones(loaded: NetworkModel) -> None:
    engine = build_torch_engine(loaded, EngineLimits(max_running=2))
    options = SamplingOptions(length=400, samples=3, seed=1)
    started = asyncio.Event()
    task = asyncio.create_task(collect(engine, build_request(prompt_of(5), options), started))
    await started.wait()
    await engine.aclose()
    await engine.aclose()
    with pytest.raises(EngineFailed):
        await task
    with pytest.raises(EngineFailed):
        await collect(engine, build_request(prompt_of(5)))
    assert engine.stats().running == engine.stats().waiting == 0


async def test_a_slow_consumer_loses_nothing(engine: BatchingEngine) -> None:
    request = build_request(prompt_of(5), SamplingOptions(length=50, seed=9))
    expected = (await collect(engine, request)).texts[0]
    text = ""
    async for event in engine.generate(request):
        await asyncio.to_thread(engine.stats)
        text += event.text if isinstance(event, TextGenerated) else ""
    assert text == expected


async def test_a_sliding_window_bounds_the_context(make_exact_engine: MakeEngine) -> None:
    loaded = build_tiny_llama()
    loaded.config.sliding_window = 128
    windowed = replace(loaded, max_model_len=longest_text(loaded.config))
    engine = make_exact_engine(windowed, EngineLimits(max_running=1))
    assert engine.model.max_model_len == 128
    with pytest.raises(PromptTooLong):
        await collect(engine, build_request(prompt_of(100)))
    await engine.aclose()
