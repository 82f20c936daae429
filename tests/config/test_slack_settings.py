"""What Slack's settings must have together, each told in one sentence."""

from __future__ import annotations

import pytest

from config.errors import InvalidSettings
from config.settings import load_settings

BOT, APP = "xoxb-1-abc", "xapp-1-abc"


@pytest.mark.parametrize(
    ("slack", "is_on"),
    [
        ({}, False),
        ({"bot_token": BOT, "app_token": APP}, True),
        ({"bot_token": BOT, "signing_secret": "x"}, True),
        ({"client_id": "1", "client_secret": "x", "signing_secret": "x"}, True),
    ],
)
def test_what_goes_together(slack: dict[str, str], is_on: bool) -> None:
    environment = {f"INKLING_SLACK__{name.upper()}": value for name, value in slack.items()}
    assert load_settings(environ=environment).slack.is_on is is_on


@pytest.mark.parametrize(
    ("slack", "sentence"),
    [
        ({"bot_token": APP}, "BOT_TOKEN must begin with xoxb-; what is there is something else."),
        ({"app_token": BOT}, "APP_TOKEN must begin with xapp-; what is there is something else."),
        ({"bot_token": BOT}, "APP_TOKEN is needed for Socket Mode, or signing_secret to be called by HTTP."),
        ({"app_token": APP}, "BOT_TOKEN is needed, or client_id and client_secret for many workspaces."),
        ({"signing_secret": "x"}, "BOT_TOKEN is needed, or client_id and client_secret for many workspaces."),
        ({"client_id": "1"}, "CLIENT_SECRET is needed; client_id and client_secret go together."),
        ({"client_secret": "x"}, "CLIENT_ID is needed; client_id and client_secret go together."),
        (
            {"bot_token": BOT, "client_id": "1", "client_secret": "x", "app_token": APP},
            "BOT_TOKEN is for one workspace, client_id for many; set one of them.",
        ),
    ],
)
def test_what_is_missing_is_named(slack: dict[str, str], sentence: str) -> None:
    environment = {f"INKLING_SLACK__{name.upper()}": value for name, value in slack.items()}
    with pytest.raises(InvalidSettings) as told:
        load_settings(environ=environment)
    assert told.value.sentence == f"INKLING_SLACK__{sentence}"
    assert not any(value in told.value.sentence for value in slack.values() if len(value) > 1)
