"""The whole program on Slack: it starts, works, ends in peace, and logs nothing that is a secret or somebody's text."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.command_line import ECHO, run_inkling, started_inkling
from tests.fakes.slack_world import FakeSlack, Workspace
from tests.fakes.slackland import Slackland, is_ended, slackland


def variables(slack: FakeSlack, team: Workspace, **changes: str) -> dict[str, str]:
    own = {
        "INKLING_SLACK__BOT_TOKEN": team.bot_token,
        "INKLING_SLACK__APP_TOKEN": slack.app_token,
        "INKLING_SLACK__API_URL": slack.api_url,
        "INKLING_WEB__PORT": "0",
        "INKLING_CALLBACKS__PORT": "0",
    }
    return {name: value for name, value in {**ECHO, **own, **changes}.items() if value}


async def told_a_story(world: Slackland) -> None:
    await world.ada.slash(world.general, "/complete", "--length 3 -- my secret words")
    await world.slack.until(lambda: world.general.roots and any(map(is_ended, world.answers)), 30)
    await world.slack.settle(0.2)


async def test_run_starts_slack_when_it_has_tokens(tmp_path: Path) -> None:
    async with slackland() as world:
        loud = variables(world.slack, world.team, INKLING_LOG__LEVEL="debug")
        async with started_inkling("run", home=tmp_path, settings=loud) as process:
            await world.slack.until(lambda: world.slack.socket.usable, 30)
            await told_a_story(world)
            await world.slack.socket.disconnect()
            await world.slack.until(lambda: world.slack.socket.hellos == 2 and world.slack.socket.usable, 30)
            await told_a_story(world)
            process.terminate()
            _, err = await process.communicate()
        assert process.returncode == 0
        assert b'"front": "slack", "address": "@inkling in Wonderland"' in err
        assert b"Traceback" not in err
        for secret in (world.team.bot_token, world.slack.app_token, "my secret words", "/commands/"):
            assert secret.encode() not in err


async def test_run_ends_with_two_for_what_is_to_be_mended(tmp_path: Path) -> None:
    async with slackland() as world:
        wrong = variables(world.slack, world.team, INKLING_SLACK__BOT_TOKEN="xoxb-no-such")
        ended = await run_inkling("run", home=tmp_path, settings=wrong)
        assert ended.code == 2
        assert "slack.bot_token is not one that Slack knows" in ended.err
        assert "no-such" not in ended.err


async def test_run_ends_with_one_where_nobody_answers(tmp_path: Path) -> None:
    async with slackland() as world:
        away = variables(world.slack, world.team, INKLING_SLACK__API_URL="http://127.0.0.1:9/api")
        ended = await run_inkling("run", home=tmp_path, settings=away)
        assert ended.code == 1
        assert "Slack can't be reached at 127.0.0.1" in ended.err
