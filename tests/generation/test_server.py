"""Every field of the API through HTTP and a real engine over a tiny random model."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from generation.load_progress import LoadProgress
from generation.model_host import ModelHost
from generation.server import CompletionServer
from generation.types import EngineLimits
from tests.fakes.openai_server import serve
from tests.fakes.served_engine import Served, serve_engine
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2, build_tiny_llama

PROMPT = "Once upon a time"


@pytest.fixture(scope="module")
def loaded() -> NetworkModel:
    return build_tiny_gpt2()


@pytest.fixture
async def served(loaded: NetworkModel) -> AsyncIterator[Served]:
    async with serve_engine(loaded) as served:
        yield served


async def test_whole_answer(served: Served) -> None:
    answer = await served.complete(prompt=PROMPT, seed=3)
    assert answer["object"] == "text_completion"
    assert answer["id"].startswith("cmpl-")
    assert answer["model"] == "tiny-gpt2"
    (choice,) = answer["choices"]
    assert (choice["index"], choice["logprobs"], choice["finish_reason"]) == (0, None, "length")
    assert (choice["seed"], choice["stop_reason"], choice["completion_tokens"]) == (3, None, 16)
    assert answer["usage"] == {"prompt_tokens": 16, "completion_tokens": 16, "total_tokens": 32}


async def test_sample_i_uses_seed_plus_i(served: Served) -> None:
    many = await served.complete(prompt=PROMPT, n=3, seed=5)
    assert [choice["seed"] for choice in many["choices"]] == [5, 6, 7]
    for choice in many["choices"]:
        alone = await served.complete(prompt=PROMPT, seed=choice["seed"])
        assert alone["choices"][0]["text"] == choice["text"]


async def test_without_a_seed_texts_differ_and_can_be_had_again(served: Served) -> None:
    answer = await served.complete(prompt=[PROMPT, PROMPT], max_tokens=20)
    first, second = answer["choices"]
    assert first["text"] != second["text"]
    again = await served.complete(prompt=PROMPT, max_tokens=20, seed=second["seed"])
    assert again["choices"][0]["text"] == second["text"]


async def test_prompts_come_one_after_the_other(served: Served) -> None:
    answer = await served.complete(prompt=["one", "two", "three"], n=2, seed=1, echo=True, max_tokens=3)
    assert [choice["index"] for choice in answer["choices"]] == list(range(6))
    words = ("one", "one", "two", "two", "three", "three")
    assert all(choice["text"].startswith(word) for choice, word in zip(answer["choices"], words, strict=True))
    assert answer["usage"] == {"prompt_tokens": 11, "completion_tokens": 18, "total_tokens": 29}


async def test_more_prompts_than_the_queue_takes(loaded: NetworkModel) -> None:
    async with serve_engine(loaded, EngineLimits(max_running=2, max_waiting=0)) as served:
        answer = await served.complete(prompt=["a", "b", "c", "d", "e"], max_tokens=3, seed=1)
        assert len(answer["choices"]) == 5


async def test_token_ids(served: Served, loaded: NetworkModel) -> None:
    ids = loaded.tokenizer(PROMPT).input_ids
    text = await served.complete(prompt=PROMPT, seed=2)
    assert (await served.complete(prompt=ids, seed=2))["choices"] == text["choices"]
    echoed = await served.complete(prompt=[ids, ids[:4]], seed=2, echo=True, max_tokens=1)
    assert echoed["choices"][0]["text"].startswith(PROMPT)
    assert echoed["choices"][1]["text"].startswith("Once")


@pytest.mark.parametrize("token", [-5, 300, 99_999, 10**12, 10**30])
@pytest.mark.parametrize("more", [{}, {"echo": True}, {"echo": True, "max_tokens": 0}])
async def test_unknown_token_ids_are_refused(served: Served, token: int, more: dict[str, object]) -> None:
    error = await served.refusal(prompt=[5, token], **more)
    assert error["message"] == f"prompt token ids must be between 0 and 256; you gave {token}."


async def test_stop(served: Served) -> None:
    text = (await served.complete(prompt=PROMPT, seed=8, max_tokens=40))["choices"][0]["text"]
    stop = text[10:12]
    answer = await served.complete(prompt=PROMPT, seed=8, max_tokens=40, stop=stop)
    (choice,) = answer["choices"]
    assert choice["text"] == text[: text.index(stop)]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", stop)
    assert choice["completion_tokens"] < 40


async def test_greedy_and_filters_reach_the_engine(served: Served) -> None:
    greedy = await served.complete(prompt=PROMPT, temperature=0, seed=1)
    for options in ({"top_k": 1}, {"min_p": 1.0}, {"top_p": 1e-9}, {"temperature": 0, "seed": 77}):
        answer = await served.complete(**{"prompt": PROMPT, "seed": 1, **options})
        assert answer["choices"][0]["text"] == greedy["choices"][0]["text"], options
    long = await served.complete(prompt=PROMPT, temperature=0, seed=1, max_tokens=60)
    for options in ({"repetition_penalty": 2.0}, {"frequency_penalty": 2.0}, {"presence_penalty": 2.0}):
        answer = await served.complete(prompt=PROMPT, temperature=0, seed=1, max_tokens=60, **options)
        assert answer["choices"][0]["text"] != long["choices"][0]["text"], options
    bold = await served.complete(prompt=PROMPT, seed=1, max_tokens=60)
    typical = await served.complete(prompt=PROMPT, seed=1, max_tokens=60, typical_p=0.2)
    assert typical["choices"][0]["text"] != bold["choices"][0]["text"]


@pytest.mark.parametrize("alternatives", [0, 3, 20])
async def test_logprobs(served: Served, alternatives: int) -> None:
    answer = await served.complete(prompt=PROMPT, seed=4, logprobs=alternatives, max_tokens=8)
    block = answer["choices"][0]["logprobs"]
    assert len(block["tokens"]) == len(block["token_logprobs"]) == len(block["top_logprobs"]) == 8
    for token, logprob, top in zip(block["tokens"], block["token_logprobs"], block["top_logprobs"], strict=True):
        assert logprob <= 0
        assert top[token] == logprob
        assert alternatives <= len(top) <= alternatives + 1
    plain = await served.complete(prompt=PROMPT, seed=4, max_tokens=8)
    assert plain["choices"][0]["text"] == answer["choices"][0]["text"]


@pytest.mark.parametrize("prompt", [PROMPT, "naïve café 🖋 ok"])
async def test_scoring_a_prompt(served: Served, loaded: NetworkModel, prompt: str) -> None:
    answer = await served.complete(prompt=prompt, echo=True, max_tokens=0, logprobs=2)
    (choice,) = answer["choices"]
    block = choice["logprobs"]
    assert choice["text"] == prompt
    assert (choice["finish_reason"], choice["completion_tokens"]) == ("length", 0)
    assert answer["usage"]["completion_tokens"] == 0
    assert block["token_logprobs"][0] is block["top_logprobs"][0] is None
    assert len(block["tokens"]) == len(prompt.encode()) == answer["usage"]["prompt_tokens"]
    assert block["text_offset"][-1] == len(prompt) - 1
    for token, offset in zip(block["tokens"], block["text_offset"], strict=True):
        assert token.startswith("bytes:") or prompt[offset] == token


async def test_scoring_without_logprobs_needs_no_engine(served: Served) -> None:
    answer = await served.complete(prompt=PROMPT, echo=True, max_tokens=0, n=2)
    assert [choice["text"] for choice in answer["choices"]] == [PROMPT] * 2
    assert served.engine.stats().steps_total == 0


async def test_echo_with_logprobs_and_text(served: Served) -> None:
    answer = await served.complete(prompt=PROMPT, echo=True, max_tokens=5, logprobs=1, n=2, seed=9)
    plain = await served.complete(prompt=PROMPT, max_tokens=5, n=2, seed=9)
    for choice, expected in zip(answer["choices"], plain["choices"], strict=True):
        assert choice["text"] == PROMPT + expected["text"]
        assert len(choice["logprobs"]["tokens"]) == 16 + 5
        assert choice["logprobs"]["text_offset"][16] == 16


async def test_offsets_with_a_tokenizer_that_drops_the_first_space() -> None:
    async with serve_engine(build_tiny_llama()) as served:
        answer = await served.complete(prompt="a b", echo=True, max_tokens=0, logprobs=0)
        block = answer["choices"][0]["logprobs"]
        assert block["tokens"] == [" a", " b"]
        assert block["text_offset"] == [0, 1]


async def test_only_the_end_of_a_long_prompt(served: Served) -> None:
    cut = await served.complete(prompt="x" * 5000 + PROMPT, truncate_prompt_tokens=16, seed=1)
    whole = await served.complete(prompt=PROMPT, seed=1)
    assert cut["choices"] == whole["choices"]
    assert cut["usage"] == whole["usage"]
    echoed = await served.complete(prompt="x" * 50 + PROMPT, truncate_prompt_tokens=16, seed=1, echo=True)
    assert echoed["choices"][0]["text"].startswith(PROMPT)


async def test_prompt_too_long(served: Served) -> None:
    error = await served.refusal(prompt="x" * 500, max_tokens=13)
    assert error["code"] == "context_length_exceeded"
    assert (error["prompt_tokens"], error["max_tokens"], error["max_model_len"]) == (500, 13, 512)
    assert (await served.complete(prompt="x" * 500, max_tokens=12, seed=1))["usage"]["prompt_tokens"] == 500


async def test_refusals_are_in_openais_shape(served: Served) -> None:
    assert await served.refusal(prompt=PROMPT, temperature=3) == {
        "message": "temperature must be between 0 and 2; you gave 3.",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": "invalid_options",
    }
    status, answer = await served.post(b'{"prompt": "\\ud800"}')
    assert (status, answer["error"]["param"]) == (400, "prompt")
    status, answer = await served.post(b'{"prompt": "a", "\\ud800": 1}')
    assert status == 400
    status, answer = await served.post({"prompt": PROMPT, "model": "gpt-5"})
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (404, "model_not_found", "model")
    assert answer["error"]["message"] == 'There is no model "gpt-5" here; this server has tiny-gpt2.'


async def test_body_that_is_encoded_wrongly(served: Served) -> None:
    headers = {"Content-Encoding": "gzip"}
    async with served.http.post(f"{served.url}/completions", data=b"no gzip", headers=headers) as response:
        assert response.status == 400


async def test_other_addresses_and_methods(served: Served) -> None:
    async with served.http.get(f"{served.url}/nothing") as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "not_found")
    async with served.http.get(f"{served.url}/completions") as response:
        assert (response.status, (await response.json())["error"]["code"]) == (405, "method_not_allowed")


async def test_models(served: Served) -> None:
    async with served.http.get(f"{served.url}/models") as response:
        (card,) = (await response.json())["data"]
    assert (card["id"], card["owned_by"], card["max_model_len"]) == ("tiny-gpt2", "inkling", 512)
    async with served.http.get(f"{served.url}/models/tiny-gpt2") as response:
        assert await response.json() == card
    async with served.http.get(f"{served.url}/models/other") as response:
        assert response.status == 404


async def test_metrics(served: Served) -> None:
    await served.complete(prompt=PROMPT, seed=1)
    await served.post({"prompt": PROMPT, "n": 99})
    async with served.http.get(served.url.removesuffix("/v1") + "/metrics") as response:
        lines = (await response.text()).splitlines()
    assert 'inkling_requests_total{path="/v1/completions",status="200"} 1.0' in lines
    assert 'inkling_requests_total{path="/v1/completions",status="400"} 1.0' in lines
    assert "inkling_completion_tokens_total 16.0" in lines
    assert "inkling_prompt_tokens_total 16.0" in lines
    assert "inkling_running 0.0" in lines
    assert 'inkling_runner_info{path="torch fp32"} 1.0' in lines
    assert "inkling_time_to_first_token_seconds_count 1.0" in lines
    assert "inkling_time_per_token_seconds_count 1.0" in lines


async def test_health_says_what_runs(served: Served) -> None:
    async with served.http.get(served.url.removesuffix("/v1") + "/health") as response:
        assert await response.json() == {
            "status": "ok", "model": "tiny-gpt2", "path": "torch fp32", "running": 0, "waiting": 0,
        }  # fmt: skip


async def test_key(loaded: NetworkModel) -> None:
    async with serve_engine(loaded, api_key="sésame") as served:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic sésame"}):
            async with served.http.get(f"{served.url}/models", headers=headers) as response:
                assert response.status == 401
                assert (await response.json())["error"]["code"] == "invalid_api_key"
        async with served.http.get(f"{served.url}/models", headers={"Authorization": "Bearer sésame"}) as response:
            assert response.status == 200
        async with served.http.get(served.url.removesuffix("/v1") + "/health") as response:
            assert response.status == 200


async def test_web_pages_stay_out_without_a_key(served: Served) -> None:
    async with served.http.get(f"{served.url}/models", headers={"Origin": "https://example.org"}) as response:
        assert response.status == 403


async def test_while_the_model_loads() -> None:
    progress = LoadProgress()
    progress.begin("Reading the model.", 0.5)
    progress.advance(0.5)
    host = ModelHost("tiny", EngineLimits(), progress)
    async with serve(CompletionServer(host).app()) as url, aiohttp.ClientSession() as http:
        async with http.get(url.removesuffix("/v1") + "/health") as response:
            assert response.status == 503
            assert await response.json() == {
                "status": "loading", "detail": "Reading the model.", "progress": 0.25, "model": "tiny",
            }  # fmt: skip
        async with http.post(f"{url}/completions", json={"prompt": "a"}) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "2")
            assert "still loading" in (await response.json())["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
async def test_next_tokens_before_and_after_the_filters(served: Served, stream: bool) -> None:
    body = {"prompt": PROMPT, "seed": 3, "max_tokens": 4, "top_k": 3, "next_tokens": 5, "stream": stream}
    if stream:
        async with served.http.post(f"{served.url}/completions", json=body) as response:
            told = [line for line in (await response.text()).splitlines() if '"next_tokens"' in line]
        assert len(told) == 1
        return
    (choice,) = (await served.complete(**body))["choices"]
    block = choice["next_tokens"]
    assert block["kept_count"] == 3
    assert len(block["candidates"]) == 5
    assert [each["kept_logprob"] is None for each in block["candidates"]] == [False] * 3 + [True] * 2
    plain = await served.complete(prompt=PROMPT, seed=3, max_tokens=4, top_k=3)
    assert plain["choices"][0]["text"] == choice["text"]
    assert "next_tokens" not in plain["choices"][0]


async def test_next_tokens_need_something_to_be_written(served: Served) -> None:
    error = await served.refusal(prompt=PROMPT, echo=True, max_tokens=0, next_tokens=5)
    assert error["message"] == "next_tokens needs max_tokens to be at least 1."


async def test_a_scored_prompt_may_fill_the_model(served: Served, loaded: NetworkModel) -> None:
    prompt = "x" * (loaded.max_model_len - 1)
    answer = await served.complete(prompt=prompt, echo=True, max_tokens=0, logprobs=0)
    assert answer["usage"]["prompt_tokens"] == loaded.max_model_len - 1
