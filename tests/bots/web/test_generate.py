"""POST /generate, as programs of 2019 call it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from config.errors import BackendUnavailable, EngineFailed, NotFound
from tests.fakes.page import PageClient, serve_page
from tests.fakes.scripted_backend import ScriptedBackend


@pytest.fixture
async def page() -> AsyncIterator[PageClient]:
    async with serve_page() as client:
        yield client


async def test_the_original_fields_with_numbers_as_strings(page: PageClient) -> None:
    body = {
        "prompt": "Once",
        "num_samples": "2",
        "length": "4",
        "temperature": "0.7",
        "top_p": "0.9",
        "top_n": "50",
    }
    answer = await page.post("/generate", body)
    assert answer["text0"] == " a lighthouse keeper who"
    assert set(answer) == {"text0", "text1", "seed", "model"}
    assert answer["model"] == "smollm2-135m"
    [request] = page.backend.requests
    assert (request.options.top_k, request.options.top_p, request.options.temperature) == (50, 0.9, 0.7)


async def test_any_other_option_and_the_model(page: PageClient) -> None:
    answer = await page.post("/generate", {"prompt": "Once", "seed": 7, "min_p": 0.1, "stop": ["x"], "model": "gpt2"})
    assert (answer["seed"], answer["model"]) == (7, "gpt2")
    assert page.backend.requests[0].options.stop == ("x",)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "prompt is missing."),
        ({"prompt": 3}, "prompt must be text."),
        ({"prompt": " "}, "The prompt is empty; write some text for me to finish."),
        ({"prompt": "a", "temperature": "hot"}, 'temperature must be a number between 0 and 2; "hot" is not one.'),
        ({"prompt": "a", "length": 0}, "length must be between 1 and 8,192; you gave 0."),
        ({"prompt": "a", "top_n": 1, "top_k": 1}, "top_k is given twice."),
        ({"prompt": "a", "tempreature": 1}, 'I don\'t know "tempreature". Did you mean temperature?'),
    ],
)
async def test_mistakes_are_400_with_one_sentence(page: PageClient, body: object, sentence: str) -> None:
    assert (await page.post("/generate", body, 400))["error"]["message"] == sentence


async def test_it_stays_off_the_page(page: PageClient) -> None:
    await page.post("/generate", {"prompt": "Once"})
    assert await page.history("api") == []
    assert await page.history() == []


async def test_a_clamp_is_told(page: PageClient) -> None:
    answer = await page.post("/generate", {"prompt": "Once", "length": 5000})
    assert answer["notes"] == ["length 5000 → 400 (the operator's limit, limits.max_length)"]


async def test_failing_before_the_first_word_is_503() -> None:
    backend = ScriptedBackend()
    backend.fail_with = BackendUnavailable("The model isn't there; start it and try again.")
    backend.hold(after=0)
    async with serve_page(backend) as page:
        answer = await page.post("/generate", {"prompt": "Once"}, 503)
        assert answer["error"]["message"] == "The model isn't there; start it and try again."


async def test_failing_later_gives_what_there_is() -> None:
    backend = ScriptedBackend()
    backend.fail_with = EngineFailed("The model broke.")
    backend.hold(after=2)
    async with serve_page(backend) as page:
        answer = await page.post("/generate", {"prompt": "Once"})
        assert (answer["text0"], answer["notes"]) == (" a lighthouse", ["The model broke."])


async def test_who_hangs_up_stops_it() -> None:
    backend = ScriptedBackend()
    backend.hold(after=2)
    async with serve_page(backend) as page:
        asking = asyncio.create_task(page.post("/generate", {"prompt": "Once"}))
        async with asyncio.timeout(20):
            while not backend.requests:
                await page.get("/healthz")
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            while backend.closed_streams == 0 or page.core.jobs.running:
                await page.get("/healthz")
        request_id = backend.requests[0].request_id
        record = await page.store.request(request_id)
        assert record is not None
        assert record.status == "stopped"


async def test_form_data_is_refused(page: PageClient) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{page.url}/generate", data={"prompt": "x"}) as response:
        assert response.status == 415
        assert (await response.json())["error"]["message"].startswith("Send JSON")


async def test_a_model_that_is_not_there_is_404() -> None:
    backend = ScriptedBackend()
    backend.fail_with = NotFound('local has no model "gpt9"; it has smollm2-135m.')
    backend.hold(after=0)
    async with serve_page(backend) as page:
        answer = await page.post("/generate", {"prompt": "Once", "model": "gpt9"}, 404)
        assert answer["error"] == {"code": "not_found", "message": 'local has no model "gpt9"; it has smollm2-135m.'}


@pytest.mark.parametrize("model", ["\ud800", "a\x00", "m" * 501])
async def test_what_no_model_is_called_is_refused(page: PageClient, model: str) -> None:
    answer = await page.post("/generate", {"prompt": "Once", "model": model}, 400)
    assert "can't be a model's name" in answer["error"]["message"]
    assert page.backend.requests == []


async def test_the_same_key_with_the_same_body_is_one_request(page: PageClient) -> None:
    body = {"prompt": "Once", "temperature": "0.5", "length": 5000}
    first = await page.post("/generate", body, headers={"Idempotency-Key": "k"})
    assert await page.post("/generate", body, headers={"Idempotency-Key": "k"}) == first
    assert len(page.backend.requests) == 1


@pytest.mark.parametrize("change", [{"prompt": "Twice"}, {"temperature": 0.4}, {"model": "gpt2"}, {"stop": ["b"]}])
async def test_the_same_key_with_another_body_is_refused(page: PageClient, change: dict[str, object]) -> None:
    body = {"prompt": "Once", "temperature": 0.5, "stop": ["a"]}
    await page.post("/generate", body, headers={"Idempotency-Key": "k"})
    answer = await page.post("/generate", body | change, 400, headers={"Idempotency-Key": "k"})
    assert answer["error"]["message"] == (
        "This Idempotency-Key came with another request before; take a new one for each."
    )
    assert len(page.backend.requests) == 1


@pytest.mark.parametrize("key", ["", "k" * 201, "kü", "\udcff"])
async def test_a_key_that_cannot_be_kept_is_refused(page: PageClient, key: str) -> None:
    answer = await page.post("/generate", {"prompt": "Once"}, 400, headers={"Idempotency-Key": key})
    assert answer["error"]["message"] == "Idempotency-Key must be 1 to 200 printable ASCII characters."


async def test_keys_that_begin_alike_are_different(page: PageClient) -> None:
    for end in "ab":
        await page.post("/generate", {"prompt": end}, headers={"Idempotency-Key": "k" * 150 + end})
    assert [each.prompt for each in page.backend.requests] == ["a", "b"]


async def test_a_body_that_is_encoded_wrongly_is_refused(page: PageClient) -> None:
    answer = await page.post("/generate", {"prompt": "Once"}, 400, headers={"Content-Encoding": "gzip"})
    assert answer["error"]["code"] == "invalid_body"
