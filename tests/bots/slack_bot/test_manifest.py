"""The manifest: valid by Slack's schema where that is at hand, and asking for exactly what is used."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bots.cli.exits import run
from bots.slack_bot.manifest import EVENTS, SCOPES, make_manifest, write_manifest
from tests.fakes.slack_world.web_api.documented import specs

ROOT = Path(__file__).parents[3]
SPECS = specs()
SCHEMA = (SPECS or ROOT) / "slack/manifest/manifest.schema.2.0.0.json"
SCOPE_OF_METHOD = {
    "chat_postMessage": "chat:write",
    "chat_postEphemeral": "chat:write",
    "chat_update": "chat:write",
    "chat_delete": "chat:write",
    "chat_startStream": "chat:write",
    "chat_appendStream": "chat:write",
    "chat_stopStream": "chat:write",
    "reactions_add": "reactions:write",
    "files_upload_v2": "files:write",
    "files_delete": "files:write",
    "users_info": "users:read",
    "conversations_join": "channels:join",
    "conversations_open": "im:write",
    "views_open": None,
    "views_update": None,
    "views_publish": None,
    "auth_test": None,
}
SCOPE_OF_EVENT = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "app_uninstalled": None,
    "message.im": "im:history",
    "reaction_added": "reactions:read",
    "tokens_revoked": None,
}
MANIFESTS = [(None, False), ("https://bot.example.org", False), ("https://bot.example.org/", True)]


@pytest.mark.parametrize(("url", "socket"), MANIFESTS)
def test_what_is_printed_is_the_manifest(url: str | None, socket: bool) -> None:
    assert yaml.safe_load(write_manifest(url, socket)) == make_manifest(url, socket)


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema is not here")
@pytest.mark.parametrize(("url", "socket"), MANIFESTS)
def test_slack_takes_it(url: str | None, socket: bool) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    problems = list(jsonschema.validators.validator_for(schema)(schema).iter_errors(make_manifest(url, socket)))
    assert [problem.message for problem in problems] == []


def test_http_tells_where_to_call() -> None:
    manifest = make_manifest("https://bot.example.org/")
    url = "https://bot.example.org/slack/events"
    assert manifest["settings"]["event_subscriptions"]["request_url"] == url
    assert manifest["settings"]["interactivity"]["request_url"] == url
    assert {each["url"] for each in manifest["features"]["slash_commands"]} == {url}
    assert manifest["oauth_config"]["redirect_urls"] == ["https://bot.example.org/slack/oauth_redirect"]
    assert not manifest["settings"]["socket_mode_enabled"]
    assert make_manifest()["settings"]["socket_mode_enabled"]


def called_methods() -> set[str]:
    """Every method of Slack's client that `api.py` names."""
    tree = ast.parse((ROOT / "bots/slack_bot/api.py").read_text(encoding="utf-8"))
    clients = {"_making", "_repeatable", "_hurried"}
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr in clients
    }


def test_it_asks_for_exactly_the_scopes_in_use() -> None:
    assert called_methods() == set(SCOPE_OF_METHOD)
    assert set(EVENTS) == set(SCOPE_OF_EVENT)
    used: set[Any] = {*SCOPE_OF_METHOD.values(), *SCOPE_OF_EVENT.values(), "commands"} - {None}
    assert set(SCOPES) == used


def test_the_command_line_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["slack", "manifest"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == make_manifest()
    assert run(["slack", "manifest", "--mode", "http", "--url", "https://bot.example.org"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == make_manifest("https://bot.example.org")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--mode", "http"], "--mode http needs --url, where Slack finds this Inkling."),
        (["--url", "http://x"], "--url must begin with https://, as Slack calls nothing else."),
    ],
)
def test_the_command_line_says_what_is_missing(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["slack", "manifest", *arguments]) == 2
    assert sentence in capsys.readouterr().err.replace("\n", " ")
