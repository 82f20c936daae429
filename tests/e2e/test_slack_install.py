"""Many workspaces: installed by OAuth, kept apart, and erased when Inkling is taken out; and starts that go wrong."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bots.slack_bot.manifest import make_manifest
from bots.slack_bot.workspaces import workspace_of
from config.errors import InvalidSettings, PlatformUnavailable
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.slack_bot import Mode, running_bot
from tests.fakes.slack_world import FakeSlack
from tests.fakes.slackland import is_ended, slackland, small
from tests.fakes.worlds import stored


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    held: Mode = request.param
    return held


async def test_two_workspaces_install_it_and_are_kept_apart(mode: Mode) -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None, mode=mode) as bot:
        for name in ("Wonderland", "Oz"):
            team = slack.add_workspace(name, installed=False)
            owner = team.add_user("Owner", owner=True)
            page = await owner.install(f"{bot.url}/slack/install")
            assert page.status == 200
            channel = team.add_channel("general")
            length = {"Wonderland": "3", "Oz": "4"}[name]
            await owner.slash(channel, "/complete-config", f"set length {length}")
            await bot.finished()
        for team, length in zip(slack.world.workspaces.values(), ("3", "4"), strict=True):
            channel = next(iter(team.channels.values()))
            (owner,) = (each for each in team.users.values() if not each.is_bot)
            await owner.slash(channel, "/complete", "Once")
            await bot.finished()
            (answer,) = channel.roots[0].thread
            assert f"{length} tokens" in small(answer)[-1]
            assert len(await bot.requests(team, channel)) == 1
        assert not slack.violations
        assert not slack.pings


async def test_an_installation_must_end_where_it_began(mode: Mode) -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None, mode=mode) as bot:
        team = slack.add_workspace("Wonderland", installed=False)
        owner = team.add_user("Owner", owner=True)
        url = f"{bot.url}/slack/install"
        assert (await owner.install(url, state="forged")).status == 400
        assert (await owner.install(url, keeps_cookies=False)).status == 400
        assert "access_denied" in (await owner.install(url, allow=False)).text
        assert await bot.store.installation(workspace_of(team.id)) is None
        assert not slack.violations


async def test_taking_it_out_erases_everything(mode: Mode) -> None:
    backend = GatedBackend()
    async with FakeSlack.open() as slack, running_bot(slack, None, backend, mode=mode) as bot:
        kept, left = (slack.add_workspace(name, installed=False) for name in ("Wonderland", "Oz"))
        for team in (kept, left):
            owner = team.add_user("Owner", owner=True)
            await owner.install(f"{bot.url}/slack/install")
            channel = team.add_channel("general")
            await owner.slash(channel, "/complete-config", "set length 3")
            await owner.slash(channel, "/complete-presets", "save poem top_k=0")
            await owner.slash(channel, "/complete", "Once")
            run = await backend.next_run()
            await slack.until(lambda here=channel: here.roots)
            await slack.settle()
        left.uninstall()
        await run.closed.wait()
        await bot.finished_with(left)
        ref = workspace_of(left.id)
        assert await bot.store.installation(ref) is None
        assert (await bot.store.workspace(ref)).version == 0
        assert await bot.store.presets(ref, owner.id) == {}
        assert await bot.store.requests_of(ref, owner.id) == ()
        assert (await bot.store.workspace(workspace_of(kept.id))).version == 1
        assert await bot.store.installation(workspace_of(kept.id)) is not None
        backend.runs[0].complete(" there was")
        await bot.finished()
        assert is_ended(next(iter(kept.channels.values())).roots[0].thread[0])
        # And it may come back.
        await owner.install(f"{bot.url}/slack/install")
        assert await bot.store.installation(ref) is not None
        assert not slack.violations


async def test_installations_outlive_a_restart(mode: Mode) -> None:
    async with stored() as store, FakeSlack.open() as slack:
        async with running_bot(slack, None, store=store, mode=mode) as bot:
            team = slack.add_workspace("Wonderland", installed=False)
            owner = team.add_user("Owner", owner=True)
            await owner.install(f"{bot.url}/slack/install")
        async with running_bot(slack, None, store=store, mode=mode) as bot:
            channel = team.add_channel("general")
            await owner.slash(channel, "/complete", "--length 5 -- Once")
            await bot.finished()
            assert is_ended(channel.roots[0].thread[0])


async def test_a_workspace_without_it_is_told_so(mode: Mode) -> None:
    async with slackland() as world, running_bot(world.slack, None, mode=mode):
        shown = await world.ada.slash(world.general, "/complete", "Once")
        await world.slack.until(lambda: shown.text)
        assert shown.text == "Inkling isn't installed in this workspace; an admin can install it anew."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"bot_token": SecretStr("xoxb-wrong")},
            "slack.bot_token is not one that Slack knows; copy it anew from the app's page, OAuth & Permissions.",
        ),
        (
            {"app_token": SecretStr("xapp-wrong")},
            "slack.app_token is not one that Slack knows; copy it anew from the app's page, Basic Information.",
        ),
    ],
)
async def test_a_wrong_token_is_named(changes: dict[str, SecretStr], sentence: str) -> None:
    async with slackland() as world:
        with pytest.raises(InvalidSettings) as told:
            async with running_bot(world.slack, world.team, slack_changes=changes):
                pass
        assert told.value.sentence == sentence


async def test_slack_out_of_reach_is_named() -> None:
    async with slackland() as world:
        with pytest.raises(PlatformUnavailable, match=r"Slack can't be reached at 127\.0\.0\.1 \(Client"):
            async with running_bot(world.slack, world.team, slack_changes={"api_url": "http://127.0.0.1:9/api"}):
                pass


@pytest.mark.parametrize("how", ["refresh", "disconnect", "drop"])
async def test_a_lost_connection_is_made_again(how: str) -> None:
    async with slackland() as world, running_bot(world.slack, world.team) as bot:
        before = world.slack.socket.hellos
        if how == "drop":
            world.slack.socket.drop()
        else:
            await getattr(world.slack.socket, how)()
        await world.slack.until(lambda: world.slack.socket.hellos > before and world.slack.socket.usable)
        await world.asked()
        await bot.finished()
        assert is_ended(world.answers[0])


async def test_the_manifest_by_http_is_enough() -> None:
    manifest = make_manifest("https://inkling.example")
    async with slackland(manifest) as world, running_bot(world.slack, world.team, mode="http") as bot:
        (first,) = await world.asked()
        await world.bob.react(first, "repeat")
        await world.ada.mention(world.general, "continue", thread=first)
        await bot.finished()
        assert len(world.answers) == 3


async def test_an_uninstallation_told_late_leaves_the_new_installation_alone() -> None:
    async with FakeSlack.open() as slack, running_bot(slack, None) as bot:
        team = slack.add_workspace("Wonderland", installed=False)
        owner = team.add_user("Owner", owner=True)
        await owner.install(f"{bot.url}/slack/install")
        team.uninstall()
        await bot.finished_with(team)
        late = slack.delivery("app_uninstalled")
        late.payload["event_time"] -= 60
        await owner.install(f"{bot.url}/slack/install")
        await slack.redeliver(late)
        await bot.finished()
        assert await bot.store.installation(workspace_of(team.id)) is not None
