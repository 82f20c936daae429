"""POST /generate, as programs of 2019 call it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from config.errors import BackendUnavailable, EngineFailed
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
    assert answer["notes"] == ["length 5000 → 400 (the operator's limit)"]


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


async def test_the_same_key_again_gives_the_same_answer(page: PageClient) -> None:
    headers = {"Idempotency-Key": "once-only"}
    first = await page.post("/generate", {"prompt": "Once"}, headers=headers)
    second = await page.post("/generate", {"prompt": "Once"}, headers=headers)
    assert first == second
    assert len(page.backend.requests) == 1


@pytest.mark.parametrize("key", ["", "k" * 101, "schlüssel", "\udcff"])
async def test_a_key_that_can_not_be_kept_whole_is_refused(page: PageClient, key: str) -> None:
    error = (await page.post("/generate", {"prompt": "Once"}, 400, headers={"Idempotency-Key": key}))["error"]
    assert error["message"] == "Idempotency-Key must be 1 to 100 printable ASCII characters."


async def test_form_data_is_refused(page: PageClient) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{page.url}/generate", data={"prompt": "x"}) as response:
        assert response.status == 415
        assert (await response.json())["error"]["message"].startswith("Send JSON")
