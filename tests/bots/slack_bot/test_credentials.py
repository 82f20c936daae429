"""What Slack's settings must have together, each told in one sentence."""

from __future__ import annotations

import pytest

from bots.slack_bot.credentials import check_credentials
from config.errors import InvalidSettings
from config.settings import load_settings

BOT, APP = "xoxb-1-abc", "xapp-1-abc"


def check(slack: dict[str, str]) -> None:
    settings = load_settings(environ={f"INKLING_SLACK__{name.upper()}": value for name, value in slack.items()}).slack
    assert settings.is_wanted
    check_credentials(settings)


@pytest.mark.parametrize(
    "slack",
    [
        {"bot_token": BOT, "app_token": APP},
        {"bot_token": BOT, "signing_secret": "x"},
        {"client_id": "1", "client_secret": "x", "signing_secret": "x"},
        {"client_id": "1", "client_secret": "x", "app_token": APP},
    ],
)
def test_what_goes_together(slack: dict[str, str]) -> None:
    check(slack)


@pytest.mark.parametrize(
    ("slack", "sentence"),
    [
        ({"bot_token": APP}, "slack.bot_token must begin with xoxb-; what is there is something else."),
        ({"app_token": BOT}, "slack.app_token must begin with xapp-; what is there is something else."),
        (
            {"bot_token": BOT},
            "slack.app_token is needed for Socket Mode, or slack.signing_secret to be called by HTTP; set one of them.",
        ),
        (
            {"app_token": APP},
            "slack.bot_token is needed, or slack.client_id and slack.client_secret for many workspaces.",
        ),
        ({"client_id": "1"}, "slack.client_secret is needed beside slack.client_id; both are on the app's page."),
        ({"client_secret": "x"}, "slack.client_id is needed beside slack.client_secret; both are on the app's page."),
        (
            {"bot_token": BOT, "client_id": "1", "client_secret": "x", "app_token": APP},
            "slack.bot_token is for one workspace and slack.client_id for many; set one of them.",
        ),
    ],
)
def test_what_is_missing_is_named(slack: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidSettings) as told:
        check(slack)
    assert told.value.sentence == sentence
    assert not any(value in sentence for value in slack.values() if len(value) > 1)


def test_without_anything_there_is_no_bot() -> None:
    assert not load_settings(environ={}).slack.is_wanted
