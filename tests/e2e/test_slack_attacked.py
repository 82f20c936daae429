"""Slack's address and payloads, as somebody would use them who means harm."""

from __future__ import annotations

import hashlib
import hmac
import io
import time

import aiohttp
import pytest

from bots.slack_bot.workspaces import workspace_of
from tests.fakes.slack_bot import running_bot
from tests.fakes.slack_world import FakeSlack
from tests.fakes.slackland import slackland


def signed(secret: str, body: bytes, at: int) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={digest}"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 401),
        (b"[]", {"Content-Type": "application/json"}, 401),
        (b"payload=7", {}, 401),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 401),
        (b"\xff\xfe", {}, 401),
        (b"{}", {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=1"}, 401),
        (b"{}", {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=\xe9"}, 401),
        (b"x" * 2_000_000, {}, 413),
        (b"ssl_check=1&token=x", {"Content-Type": "application/x-www-form-urlencoded"}, 200),
    ],
    ids=["half", "list", "number", "deep", "bytes", "time", "letters", "huge", "probe"],
)
async def test_nothing_is_made_of_what_slack_has_not_signed(body: bytes, headers: dict[str, str], status: int) -> None:
    async with slackland() as world, running_bot(world.slack, world.team, mode="http") as bot:
        url, data = f"{bot.url}/slack/events", io.BytesIO(body)
        async with aiohttp.ClientSession() as session, session.post(url, data=data, headers=headers) as answer:
            assert answer.status == status


async def test_what_was_signed_long_ago_or_with_another_secret_is_refused() -> None:
    body = b'{"type":"url_verification","challenge":"abc"}'
    async with slackland() as world, running_bot(world.slack, world.team, mode="http") as bot:
        secret, now = world.slack.signing_secret, int(time.time())
        for headers, status in (
            (signed(secret, body, now), 200),
            (signed(secret, body, now - 301), 401),
            (signed(secret, body, now + 301), 401),
            (signed("another", body, now), 401),
        ):
            kind = {"Content-Type": "application/json"}
            url, data = f"{bot.url}/slack/events", io.BytesIO(body)
            async with aiohttp.ClientSession(headers=kind | headers) as session, session.post(url, data=data) as answer:
                assert answer.status == status


async def test_what_was_asked_just_before_it_was_taken_out_leaves_nothing() -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None) as bot:
        team = slack.add_workspace("Wonderland", installed=False)
        owner = team.add_user("Owner", owner=True)
        await owner.install(f"{bot.url}/slack/install")
        channel = team.add_channel("general")
        gate = slack.faults.hold("users.info")
        for command, text in (
            ("/complete", "-- my secret"),
            ("/complete-presets", "save poem top_k=0"),
            ("/complete-config", "set length 3"),
        ):
            await owner.slash(channel, command, text)
        await slack.until(lambda: gate.held == 3)
        team.uninstall()
        await slack.until(lambda: slack.delivery("app_uninstalled").over)
        gate.open()
        await bot.finished_with(team)
        ref = workspace_of(team.id)
        assert await bot.store.requests_of(ref, owner.id) == ()
        assert await bot.store.presets(ref, owner.id) == {}
        assert (await bot.store.workspace(ref)).version == 0
        assert not slack.violations


async def test_an_installation_that_slack_breaks_off_is_told_so() -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None) as bot:
        team = slack.add_workspace("Wonderland", installed=False)
        owner = team.add_user("Owner", owner=True)
        slack.faults.drop("oauth.v2.access", 3)
        page = await owner.install(f"{bot.url}/slack/install")
        assert page.status != 200
        assert "try again" in page.text
        assert await bot.store.installation(workspace_of(team.id)) is None


async def test_an_installation_ends_once() -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None) as bot:
        team = slack.add_workspace("Wonderland", installed=False)
        owner = team.add_user("Owner", owner=True)
        page = await owner.install(f"{bot.url}/slack/install")
        state = page.url.partition("state=")[2]
        cookie = {"Cookie": f"slack-app-oauth-state={state}"}
        async with aiohttp.ClientSession(headers=cookie) as session, session.get(page.url) as again:
            assert again.status == 401
        ended = f"{bot.url}/slack/oauth_redirect?error=<script>alert(1)</script>"
        async with aiohttp.ClientSession() as session, session.get(ended) as told:
            assert "<script>" not in await told.text()
