"""Installing into many workspaces by OAuth, with the real bolt app, and leaving them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store.file import FileInstallationStore
from slack_sdk.oauth.state_store.file import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_world import FakeSlack, NotPossible
from tests.slack_world.parrot import parrot, served
from tests.slack_world.stage import error_of

SCOPES = ["chat:write", "commands", "app_mentions:read"]


def app_in(slack: FakeSlack, folder: Path, scopes: list[str]) -> AsyncApp:
    settings = AsyncOAuthSettings(
        client_id=slack.app.client_id,
        client_secret=slack.app.client_secret,
        scopes=scopes,
        installation_store=FileInstallationStore(base_dir=str(folder), client_id=slack.app.client_id),
        state_store=FileOAuthStateStore(expiration_seconds=600, base_dir=str(folder)),
    )
    return parrot(AsyncWebClient(base_url=slack.api_url), slack.signing_secret, oauth_settings=settings)


@asynccontextmanager
async def distributed(slack: FakeSlack, folder: Path, scopes: list[str] = SCOPES) -> AsyncIterator[str]:
    """The app's install page."""
    app = app_in(slack, folder, scopes)
    app.enable_token_revocation_listeners()
    async with served(app) as url:
        await slack.deliver_to(f"{url}/slack/events")
        yield f"{url}/slack/install"


async def test_two_workspaces_install_and_one_leaves(tmp_path: Path) -> None:
    async with FakeSlack.open() as slack, distributed(slack, tmp_path) as page:
        teams = [slack.add_workspace(name, installed=False) for name in ("Here", "There")]
        people = [team.add_user("Ada", admin=True) for team in teams]
        for person in people:
            shown = await person.install(page)
            assert (shown.status, shown.asked["scope"]) == (200, ",".join(SCOPES))
        here, there = teams
        assert here.bot_token != there.bot_token
        assert here.installation is not None
        assert (set(here.installation.scopes), here.installation.installed_by) == (set(SCOPES), people[0])
        for team, person in zip(teams, people, strict=True):
            channel = team.add_channel()
            await person.slash(channel, "/repeat", team.name)
            await slack.until(lambda channel=channel: len(channel.messages) == 2)
            assert channel.roots[0].text == team.name
        here.uninstall()
        await slack.settle()
        with pytest.raises(NotPossible, match="is not installed in Here"):
            await people[0].slash(next(iter(here.channels.values())), "/repeat")
        old = here.bot_token
        await people[0].install(page)
        assert here.bot_token != old
        assert slack.violations == []


async def test_consent_can_be_refused_and_states_forged(tmp_path: Path) -> None:
    async with FakeSlack.open() as slack, distributed(slack, tmp_path) as page:
        ada = slack.add_workspace(installed=False).add_user("Ada")
        assert "access_denied" in (await ada.install(page, allow=False)).text
        assert (await ada.install(page, state="forged")).status == 400
        assert (await ada.install(page, keeps_cookies=False)).status == 400
        assert not ada.workspace.has_bot


async def test_what_is_asked_for_is_checked(tmp_path: Path) -> None:
    async with FakeSlack.open() as slack, distributed(slack, tmp_path, [*SCOPES, "admin"]) as page:
        ada = slack.add_workspace(installed=False).add_user("Ada")
        slack.app.client_id = "other"
        await ada.install(page)
        told = [each.path for each in slack.violations]
        assert told == ["/client_id", "/scope"]


async def test_codes_are_good_once_and_for_ten_minutes() -> None:
    async with FakeSlack.open() as slack:
        ada = slack.add_workspace(installed=False).add_user("Ada")
        api = AsyncWebClient(base_url=slack.api_url)

        async def exchange(code: str, secret: str = slack.app.client_secret, redirect_uri: str = "") -> str:
            about = {"client_id": slack.app.client_id, "client_secret": secret, "code": code}
            return await error_of(api.oauth_v2_access(redirect_uri=redirect_uri or None, **about))

        assert await exchange(ada.consent()) == ""
        assert await exchange("unknown") == "invalid_code"
        assert await exchange(ada.consent(), secret="other") == "bad_client_secret"
        assert await exchange(ada.consent(), redirect_uri="https://other") == "bad_redirect_uri"
        late = ada.consent()
        slack.advance(601)
        assert await exchange(late) == "invalid_code"


async def test_the_app_can_remove_itself() -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace()
        api = AsyncWebClient(team.bot_token, base_url=slack.api_url)
        about = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
        wrong = api.apps_uninstall(client_id="other", client_secret="other")
        assert await error_of(wrong) == "invalid_client_id"
        await api.apps_uninstall(**about)
        assert await error_of(api.auth_test()) == "account_inactive"
        assert [each.name for each in slack.deliveries] == ["tokens_revoked", "app_uninstalled"]
