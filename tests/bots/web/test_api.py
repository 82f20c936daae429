"""Messages, results and what the page starts from, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bots.web.app import PAGE
from bots.web.identity import page_invocation
from config.errors import EngineFailed
from config.settings import LimitSettings
from tests.fakes.page import PageClient, serve_page
from tests.fakes.scripted_backend import ScriptedBackend


@pytest.fixture
async def page() -> AsyncIterator[PageClient]:
    async with serve_page() as client:
        yield client


async def test_plain_text_is_the_prompt_of_a_completion(page: PageClient) -> None:
    request_id = await page.write("Once upon a time there was")
    [view] = await page.history()
    assert view["request_id"] == request_id
    assert (view["prompt"], view["status"]) == ("Once upon a time there was", "done")
    assert view["samples"][0]["text"].startswith(" a lighthouse keeper")
    assert view["heading"] == "temperature 0.8 · top_p 0.95 · top_k 40 · length 60 · for @you"


async def test_a_typed_command_carries_its_options(page: PageClient) -> None:
    request_id = await page.write("/complete temperature=0.5 samples=2 --length 4 seed:7 Once upon")
    view = await page.result(request_id)
    assert view["prompt"] == "Once upon"
    assert [sample["seed"] for sample in view["samples"]] == [7, 8]
    assert view["samples"][0]["text"] == " a lighthouse keeper who"
    details = await page.get(f"/api/results/{request_id}")
    assert details["options"]["temperature"] == 0.5
    assert details["options"]["seed"] == 7


async def test_the_same_message_twice_is_one_result(page: PageClient) -> None:
    first = await page.send("Once", event_id="twice")
    second = await page.send("Once", event_id="twice")
    assert first["request_id"] == second["request_id"]
    assert (first["created"], second["created"]) == (True, False)
    assert len(await page.history()) == 1


async def test_channels_are_apart(page: PageClient) -> None:
    await page.write("Here", channel="here")
    assert [view["prompt"] for view in await page.history("here")] == ["Here"]
    assert await page.history("general") == []


async def test_history_goes_back_page_by_page(page: PageClient) -> None:
    first, second = await page.write("One"), await page.write("Two")
    older = await page.get(f"/api/channels/general/history?before={second}")
    assert [view["request_id"] for view in older["results"]] == [first]


async def test_history_looks_past_what_was_undone(page: PageClient) -> None:
    kept = [await page.write("One"), await page.write("Two")]
    for _ in range(3):
        await page.act(await page.write("Undone"), "undo")
    found = await page.core.results.history(page_invocation("general"), limit=2)
    assert [view.request_id for view in found] == kept
    assert await page.core.results.history(page_invocation("general"), limit=2, before=kept[0]) == ()


async def test_again_keeps_the_first_as_an_alternative(page: PageClient) -> None:
    first = await page.write("Once")
    again = (await page.act(first, "again"))["request_id"]
    await page.core.jobs.wait(again)
    same = (await page.act(first, "same_seed"))["request_id"]
    await page.core.jobs.wait(same)
    views = (await page.get(f"/api/results/{same}/alternatives"))["results"]
    assert [view["request_id"] for view in views] == [first, again, same]
    seeds = [view["samples"][0]["seed"] for view in views]
    assert seeds[0] == seeds[2] != seeds[1]


async def test_presses_without_an_event_id_are_presses_of_their_own(page: PageClient) -> None:
    first, second = await page.write("Once"), await page.write("Twice")
    again = await page.post(f"/api/results/{first}/again")
    other = await page.post(f"/api/results/{second}/again")
    assert again["created"]
    assert other["created"]
    assert other["group_id"] == second


async def test_continue_goes_on_from_the_picked_sample(page: PageClient) -> None:
    first = await page.write("/complete samples=2 length=3 Once")
    accepted = await page.act(first, "continue", sample=1, overrides={"length": "2"})
    await page.core.jobs.wait(accepted["request_id"])
    parent, child = await page.result(first), await page.result(accepted["request_id"])
    assert child["prompt"] == "Once" + parent["samples"][1]["text"]
    assert child["parent_id"] == first
    assert child["group_id"] == child["request_id"]


async def test_vary_and_edit_change_only_what_they_are_told(page: PageClient) -> None:
    first = await page.write("/complete seed=5 Once")
    varied = (await page.act(first, "vary", overrides={"temperature": 1.5}, model="gpt2"))["request_id"]
    edited = (await page.act(first, "edit", prompt="Twice"))["request_id"]
    await page.core.jobs.wait(edited)
    details = await page.get(f"/api/results/{varied}")
    assert (details["options"]["temperature"], details["options"]["seed"], details["model"]) == (1.5, 5, "gpt2")
    assert (await page.result(edited))["prompt"] == "Twice"


async def test_stop_keeps_the_text_so_far() -> None:
    backend = ScriptedBackend()
    backend.hold(after=3)
    async with serve_page(backend) as page, page.events() as events:
        request_id = (await page.send("Once"))["request_id"]
        await events.until("result", status="writing")
        stopped = (await page.act(request_id, "stop"))["result"]
        assert stopped["status"] == "stopped"
        assert " a lighthouse keeper".startswith(stopped["samples"][0]["text"])
        assert stopped["samples"][0]["footer"].endswith("stopped by @you")
        assert backend.closed_streams == 1


async def test_undo_and_delete_take_a_result_off_every_page(page: PageClient) -> None:
    first = await page.write("Once")
    second = await page.write("Twice")
    async with page.events() as events:
        assert (await page.act(first, "undo")) == {"back_to": None}
        assert (await events.until("removed"))["request_id"] == first
        await page.act(second, "delete")
        assert (await events.until("removed"))["request_id"] == second
    assert await page.history() == []
    await page.get(f"/api/results/{second}", status=404)


async def test_redo_brings_a_result_back_to_every_page(page: PageClient) -> None:
    first = await page.write("Once")
    await page.act(first, "undo")
    async with page.events() as events:
        assert (await page.act(first, "redo"))["result"]["request_id"] == first
        assert (await events.until("result"))["prompt"] == "Once"
    assert [view["request_id"] for view in await page.history()] == [first]


async def test_a_private_message_is_private_and_so_is_what_follows(page: PageClient) -> None:
    first = await page.write("Once", private=True)
    again = (await page.act(first, "again"))["request_id"]
    assert (await page.result(first))["private"]
    assert (await page.result(again))["private"]


async def test_other_commands_answer_in_lines(page: PageClient) -> None:
    assert (await page.send("/status"))["lines"][0] == "local: ready. smollm2-135m is ready."
    assert (await page.send("/help"))["lines"][0].startswith("/complete ")
    assert (await page.send("/config set max_length 5"))["lines"][0].startswith("max_length is now 5")
    await page.write("/complete length=9 Once")
    [view] = await page.history()
    assert view["notes"] == ["length 9 → 5 (this server's ceiling)"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("/complete temperature=3 Once", "temperature must be between 0 and 2; you gave 3."),
        ("/complete temprature=1 Once", 'I don\'t know "temprature". Did you mean temperature?'),
        ("/complete", "The prompt is empty; write some text for me to finish."),
        ("   ", "The prompt is empty; write some text for me to finish."),
        ("/complete preset=poem Once", 'There is no preset "poem" here. There are none yet; an admin can add one.'),
        ("a\x00b", "The prompt holds a NUL character at position 2; take it out and send it again."),
        ("a\ud800b", "The prompt holds half of a surrogate pair at position 2; take it out and send it again."),
    ],
)
async def test_mistakes_get_one_sentence(page: PageClient, text: str, sentence: str) -> None:
    assert (await page.send(text, status=400 if "preset" not in text else 404))["error"]["message"] == sentence


async def test_an_unknown_command_is_told_apart_from_text_with_a_slash(page: PageClient) -> None:
    error = (await page.send("/compose Once", status=400))["error"]
    assert error["code"] == "invalid_options"
    assert error["message"].startswith(
        "I don't know /compose; there are /complete, /explain, /compare, /story, /status"
    )
    await page.write("/etc/passwd holds")
    await page.write("/ is a sign that")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"event_id": "a"}, "text is missing."),
        ({"text": "a", "event_id": "a", "colour": 1}, 'There is no field "colour" here.'),
        ({"text": 1, "event_id": "a"}, "text: input should be a valid string."),
        ([], "The body must be a JSON object."),
    ],
)
async def test_bodies_are_checked(page: PageClient, body: object, sentence: str) -> None:
    answer = await page.post("/api/channels/general/messages", body, 400)
    assert answer["error"]["message"] == sentence


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 200_000, b'{"text": ' + b"9" * 5000 + b"}"])
async def test_broken_json_is_a_sentence(page: PageClient, raw: bytes) -> None:
    address = f"{page.url}/api/channels/general/messages"
    async with page.http.post(address, data=raw, headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"] == "The body is not valid JSON."


async def test_ten_megabytes_are_refused_or_taken_as_the_limit_says() -> None:
    prompt = "ink " * 2_500_000
    async with serve_page() as page:
        error = (await page.send(prompt, status=400))["error"]
        assert error["message"] == "That prompt is 10,000,000 characters; the limit here is 100,000."
    async with serve_page(limits=LimitSettings(max_prompt_characters=10_000_000)) as page:
        request_id = await page.write(prompt)
        assert (await page.result(request_id))["status"] == "done"


async def test_more_than_the_body_limit_is_refused(page: PageClient) -> None:
    answer = await page.send("x" * (17 * 1024 * 1024), status=413)
    assert answer["error"] == {"code": "too_large", "message": "That is more than 16 MB; send less at once."}


async def test_too_many_at_once_is_told_with_when_to_come_back() -> None:
    backend = ScriptedBackend()
    backend.hold(after=0)
    async with serve_page(backend, limits=LimitSettings(max_in_flight=1)) as page:
        await page.send("Once")
        body = {"text": "Twice", "event_id": "b"}
        async with page.http.post(f"{page.url}/api/channels/general/messages", json=body) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) >= 1
            assert (await response.json())["error"]["message"] == "You have 1 request running; the limit here is 1."


async def test_a_failure_keeps_the_text_and_says_why() -> None:
    backend = ScriptedBackend()
    backend.fail_with = EngineFailed("The model ran out of memory; nothing was lost, press 🔁.")
    backend.hold(after=2)
    async with serve_page(backend) as page:
        view = await page.result(await page.write("Once"))
        assert view["status"] == "failed"
        assert view["error"] == "The model ran out of memory; nothing was lost, press 🔁."
        assert view["samples"][0]["text"] == " a lighthouse"


async def test_unknown_places_are_404(page: PageClient) -> None:
    assert (await page.get("/api/nowhere", 404))["error"]["message"] == "There is nothing at this address."
    assert (await page.act("01J00000000000000000000000", "again", 404))["error"]["code"] == "not_found"
    request_id = await page.write("Once")
    await page.act(request_id, "juggle", 404)
    await page.get("/api/channels/a%20b/history", 400)
    async with page.http.delete(f"{page.url}/api/session") as response:
        assert response.status == 405


async def test_session_holds_what_a_page_needs(page: PageClient) -> None:
    async with page.events() as events:
        await events.until("health", backends=[_ready()])
    await page.send("/presets save poem temperature=1.2")
    await page.send("/config set length 30")
    await page.send("/config set regenerate_emoji 🎲")
    session = await page.get("/api/session?channel=general")
    by_name = {option["name"]: option for option in session["options"]}
    assert (by_name["length"]["maximum"], by_name["length"]["range"]) == (400, "1 – 400")
    assert by_name["samples"]["range"] == "1 – 8"
    assert by_name["top_k"]["aliases"] == ["top_n"]
    assert session["defaults"]["length"] == 30
    assert session["regenerate_emoji"] == "🎲"
    assert session["presets"]["personal"] == {"poem": {"temperature": 1.2}}
    assert session["backends"][0]["models"] == ["smollm2-135m", "gpt2"]
    assert session["commands"][0]["name"] == "complete"


async def test_session_lists_the_channels_with_messages_of_people(page: PageClient) -> None:
    await page.write("Ode to", channel="poems")
    await page.post("/generate", {"prompt": "Once"})
    assert (await page.get("/api/session"))["channels"] == ["poems"]


def _ready() -> dict[str, object]:
    models = ["smollm2-135m", "gpt2"]
    return {"name": "local", "state": "ready", "detail": "smollm2-135m is ready.", "models": models}


async def test_the_page_itself_is_small_and_complete(page: PageClient) -> None:
    total = 0
    async with page.http.get(page.url) as response:
        html = await response.text()
        total += len(html.encode())
    assert "http://" not in html.replace("http://www.w3.org", "")
    for file in (file for file in PAGE.iterdir() if file.stem not in ("index", "token")):
        async with page.http.get(f"{page.url}/page/{file.name}") as response:
            assert response.status == 200
            total += len(await response.read())
    assert total < 150_000


async def test_files_beside_the_page_are_not_served(page: PageClient) -> None:
    async with page.http.get(f"{page.url}/page/..%2fapi.py") as response:
        assert response.status in (403, 404)
    async with aiohttp.ClientSession() as http, http.get(f"{page.url}/page/") as response:
        assert response.status in (403, 404)
