"""A story's tree over real HTTP: walked, taken along as a file, compared and voted on, after a restart too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.page import PageClient, serve_page
from tests.fakes.worlds import stored

PNG = b"\x89PNG"


@pytest.fixture
async def page() -> AsyncIterator[PageClient]:
    async with serve_page() as client:
        yield client


async def done(page: PageClient, request_id: str, action: str, **fields: object) -> str:
    made: str = (await page.act(request_id, action, **fields))["request_id"]
    await page.core.jobs.wait(made)
    return made


async def full_text(page: PageClient, request_id: str) -> str:
    view = await page.result(request_id)
    return str(view["prompt"] + view["samples"][0]["text"])


async def file(page: PageClient, request_id: str, form: str) -> tuple[bytes, str]:
    async with page.http.get(f"{page.url}/api/results/{request_id}/story?form={form}") as response:
        assert response.status == 200
        return await response.read(), response.headers["Content-Type"]


async def test_the_tree_can_be_walked() -> None:
    async with stored() as store:
        async with serve_page(store=store) as page:
            first = await page.write("Once 👩‍🚀 كان")
            again = await done(page, first, "again")
            text = (await page.result(again))["samples"][0]["text"]
            fork = {"kept": 3, "taken": text[3], "token": "🌊"}
            branched = await done(page, again, "branch", fork=fork)
        async with serve_page(store=store) as page:
            tree = await page.get(f"/api/results/{branched}/tree")
            assert "".join(human + written for human, written in tree["pieces"]) == await full_text(page, branched)
            assert (tree["number"], tree["steps"], tree["left_out"]) == (3, 2, 0)
            assert [row.get("request_id") for row in tree["rows"]] == [None, first, again, branched]
            assert [row["taken"] for row in tree["rows"]] == [True, False, True, True]
            other = await page.get(f"/api/results/{first}/tree")
            taken = [row.get("request_id") for row in other["rows"] if row["taken"]]
            assert taken == [None, first]


async def test_files_of_it(page: PageClient) -> None:
    first = await page.write("Once")
    content, kind = await file(page, first, "text")
    assert (content.decode(), kind) == (await full_text(page, first), "text/plain; charset=utf-8")
    content, kind = await file(page, first, "markdown")
    assert content.startswith(b"# Once")
    content, kind = await file(page, first, "picture")
    assert (content[:4], kind) == (PNG, "image/png")
    error = (await page.get(f"/api/results/{first}/story?form=film", 400))["error"]
    assert error["message"] == "form is one of text, markdown, picture."


async def test_typed_it_names_the_sample_to_open(page: PageClient) -> None:
    first = await page.write("Once")
    second = await done(page, first, "continue")
    assert await page.send("/story") == {"kind": "story", "request_id": second, "sample": 0}
    assert (await page.send("/story tree 1"))["request_id"] == first
    await page.send("/story 9", 400)


async def test_a_branch_needs_a_place_that_is_there(page: PageClient) -> None:
    first = await page.write("Once")
    assert (await page.act(first, "branch", 400))["error"]["message"].startswith("fork is missing")
    fork = {"kept": 0, "taken": "nothing like it", "token": "x"}
    assert "isn't in the text" in (await page.act(first, "branch", 400, fork=fork))["error"]["message"]


async def test_two_sides_are_one_group_and_can_be_voted_on(tmp_path: Path) -> None:
    async with stored(tmp_path / "inkling.db") as store:
        async with serve_page(store=store) as page:
            first = await page.write("/compare length=3 vs length=4 seed=7 The sea")
            [one, other] = (await page.get(f"/api/results/{first}/alternatives"))["results"]
            await page.core.jobs.wait(other["request_id"])
            assert [one["kind"], other["kind"]] == ["compare", "compare"]
            assert (await page.act(other["request_id"], "vote"))["result"]["votes"] == 1
        async with serve_page(store=store) as page:
            [one, other] = (await page.get(f"/api/results/{first}/alternatives"))["results"]
            assert (one["votes"], other["votes"]) == (0, 1)
            assert (one["samples"][0]["seed"], other["samples"][0]["seed"]) == (7, 7)
            async with page.events() as events:
                assert (await page.act(first, "vote"))["result"]["votes"] == 1
                shown = [await events.until("result") for _ in range(2)]
                assert [(each["request_id"], each["votes"]) for each in shown] == [
                    (first, 1),
                    (other["request_id"], 0),
                ]
            assert (await page.act(first, "vote"))["result"]["votes"] == 0
            await page.act(await page.write("Once"), "vote", 400)
