"""Whose workspace it is in channels that several share: the one that has installed the bot."""

from __future__ import annotations

from typing import Any

import pytest

from bots.slack_bot.deeds import of_action, of_event, of_submission

USER = {"id": "U1", "team_id": "T0OZ"}


def test_an_event_is_of_the_workspace_that_installed_the_bot() -> None:
    body: dict[str, Any] = {
        "event_id": "Ev1",
        "team_id": "T0OZ",
        "authorizations": [{"team_id": "T0HERE"}],
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1"},
    }
    assert of_event(body).team == "T0HERE"


@pytest.mark.parametrize(("view", "team"), [({"app_installed_team_id": "T0HERE"}, "T0HERE"), ({}, "T0OZ")])
def test_a_form_is_of_the_workspace_that_installed_the_bot(view: dict[str, str], team: str) -> None:
    body = {"user": USER, "team": {"id": "T0OZ"}, "view": {"id": "V1", **view}}
    assert of_submission(body).team == team


def test_without_a_team_of_its_own_it_is_the_persons() -> None:
    body = {"user": USER, "team": None, "actions": [{"action_id": "a", "action_ts": "1.1"}]}
    assert of_action(body).team == "T0OZ"
