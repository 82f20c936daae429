"""📊 Why and /explain over the page's API."""

from __future__ import annotations

from tests.fakes.explaining_backend import ExplainingBackend
from tests.fakes.page import serve_page


async def test_why_of_a_result() -> None:
    async with serve_page(ExplainingBackend()) as client:
        its_id = await client.write("Once upon")
        assert "why" in (await client.result(its_id))["actions"]
        insight = (await client.act(its_id, "why"))["insight"]
        assert [each["chosen"] for each in insight["candidates"]] == [True, False, False, False]
        assert insight["kept"] == {"count": 2, "mass": 0.65}
        assert len(insight["lines"]) == 8


async def test_explain_as_a_command() -> None:
    async with serve_page(ExplainingBackend()) as client:
        answer = await client.send("/explain top_k=7 Once upon")
        assert answer["kind"] == "insight"
        assert answer["insight"]["options"]["top_k"] == 7
        assert await client.history() == []


async def test_without_the_means_there_is_no_button_and_one_sentence() -> None:
    async with serve_page() as client:
        its_id = await client.write("Once upon")
        assert "why" not in (await client.result(its_id))["actions"]
        refused = await client.act(its_id, "why", 400)
        assert refused["error"]["message"].endswith("doesn't tell how likely its tokens are, so I can't say why.")


async def test_another_token_is_gone_on_with_from_where_it_stood() -> None:
    async with serve_page(ExplainingBackend()) as client:
        its_id = await client.write("Once upon")
        taken = (await client.act(its_id, "why"))["insight"]["taken"][3]
        other = taken["others"][1]
        assert (taken["token"], taken["kept"], other["token"]) == ("␣lamp", 12, "␣map")
        fork = {"kept": taken["kept"], "taken": taken["text"], "token": other["text"]}
        branch = await client.result((await client.act(its_id, "branch", fork=fork))["request_id"])
        assert (branch["prompt"], branch["parent_id"]) == ("Once upon there was a map", its_id)


async def test_what_is_of_no_result_offers_no_other_token() -> None:
    async with serve_page(ExplainingBackend()) as client:
        assert (await client.send("/explain Once upon"))["insight"]["taken"] == []
