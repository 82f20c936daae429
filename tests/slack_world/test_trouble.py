"""Rate limits and ordered faults, and what the real client makes of them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from tests.fakes.slack_world import FakeSlack, RateLimits
from tests.slack_world.stage import QUIET, error_of, set_stage


async def test_tiers_are_refused_where_enforced() -> None:
    async with set_stage(RateLimits(enforced=True)) as stage:
        message = await stage.post()
        where = {"channel": stage.channel.id, "ts": message.ts}
        errors = [await error_of(stage.api.chat_update(text="a", parse="none", **where)) for _ in range(51)]
        assert errors == [""] * 50 + ["ratelimited"]
        with pytest.raises(SlackApiError) as caught:
            await stage.api.chat_update(text="a", parse="none", **where)
        assert caught.value.response.status_code == 429
        assert 0 < int(caught.value.response.headers["Retry-After"]) <= 61
        stage.slack.advance(61)
        assert await error_of(stage.api.chat_update(text="a", parse="none", **where)) == ""
        assert stage.slack.web.limits.exceeded == {"chat.update": 2}


async def test_posts_are_limited_by_channel() -> None:
    async with set_stage(RateLimits(enforced=True)) as stage:
        other = stage.team.add_channel("other")
        errors = [await error_of(stage.post()) for _ in range(11)]
        assert errors == [""] * 10 + ["ratelimited"]
        assert await error_of(stage.api.chat_postMessage(channel=other.id, text="a", **QUIET)) == ""


async def test_tiers_are_counted_where_they_are_not() -> None:
    async with set_stage() as stage:
        for _ in range(12):
            await stage.post()
        assert stage.slack.web.limits.exceeded == {"chat.postMessage": 2}


async def test_tiers_can_be_widened() -> None:
    async with set_stage(RateLimits(enforced=True, times=2)) as stage:
        assert [await error_of(stage.post()) for _ in range(20)] == [""] * 20


async def test_the_sdks_own_handler_waits_out_a_429() -> None:
    async with set_stage() as stage:
        stage.api.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
        stage.slack.faults.rate_limit("users.info")
        assert (await stage.api.users_info(user=stage.ada.id))["user"]["id"] == stage.ada.id
        assert [each.status for each in stage.slack.requests] == [429, 200]


async def test_faults_strike_as_often_as_ordered_and_where() -> None:
    async with set_stage() as stage:
        stage.slack.faults.refuse("chat.post*", "internal_error", times=2)
        await stage.api.users_info(user=stage.ada.id)
        assert [await error_of(stage.post()) for _ in range(3)] == ["internal_error", "internal_error", ""]
        assert len(stage.channel.messages) == 1


async def test_an_answer_can_be_lost_after_its_effect() -> None:
    async with set_stage() as stage:
        stage.api.retry_handlers.clear()
        stage.slack.faults.server_error("chat.postMessage", after_effect=True)
        stage.slack.faults.drop("chat.postMessage", after_effect=True)
        stage.slack.faults.drop("chat.postMessage")
        with pytest.raises(SlackApiError):
            await stage.post("one")
        for text in ("two", "three"):
            with pytest.raises(aiohttp.ClientError):
                await stage.post(text)
        assert [each.text for each in stage.channel.messages] == ["one", "two"]


async def test_the_sdk_posts_twice_when_an_answer_is_lost() -> None:
    """By its own retry after a broken connection: chat.postMessage has nothing that would make that harmless."""
    async with set_stage() as stage:
        stage.slack.faults.drop("chat.postMessage", after_effect=True)
        await stage.post("twice")
        assert [each.text for each in stage.channel.messages] == ["twice", "twice"]


async def test_a_gate_holds_calls_until_it_opens() -> None:
    async with set_stage() as stage:
        gate = stage.slack.faults.hold("chat.*")
        posting = asyncio.create_task(stage.post())
        await stage.slack.until(lambda: gate.held)
        assert stage.channel.messages == []
        gate.open()
        await posting


async def test_chance_is_seeded() -> None:
    async def struck(seed: int) -> list[str]:
        async with set_stage() as stage:
            stage.slack.faults.random(seed, rate=0.5)
            for _ in range(40):
                await error_of(_asked(stage.api))
            return [each.error or str(each.status) for each in stage.slack.requests]

    first = await struck(7)
    assert first == await struck(7) != await struck(8)
    assert {"ratelimited", "internal_error", "503", "200"} == set(first)


async def _asked(api: object) -> None:
    try:
        await api.auth_test()  # type: ignore[attr-defined]
    except SlackApiError as error:
        # A page instead of an answer has no error to read.
        if error.response.status_code != 503:
            raise


async def test_clearing_ends_all_trouble() -> None:
    async with set_stage() as stage:
        stage.slack.faults.server_error(times=99)
        stage.slack.faults.random(1, rate=1.0)
        stage.slack.faults.clear()
        await stage.post()
        assert len(stage.slack.faults.struck) == 0


async def test_uploads_and_response_urls_have_trouble_too() -> None:
    async with set_stage() as stage:
        stage.slack.faults.server_error("upload")
        asked = await stage.api.files_getUploadURLExternal(filename="a", length=1)
        async with aiohttp.ClientSession() as session, session.post(asked["upload_url"], data=b"a") as response:
            assert response.status == 503
        assert stage.slack.web.count("upload") == 1


async def test_a_condition_that_never_comes_tells_what_happened() -> None:
    async with FakeSlack.open() as slack:
        with pytest.raises(AssertionError, match="0 calls under way, 0 sockets"):
            await slack.until(lambda: None, 0.01)
