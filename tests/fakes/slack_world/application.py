"""The Slack app that the bot is: its secrets, and what its manifest asks for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SCOPES = (
    "app_mentions:read",
    "channels:join",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
)
DEFAULT_EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "message.im",
    "reaction_added",
    "tokens_revoked",
)


@dataclass(frozen=True)
class Shortcut:
    name: str
    callback_id: str
    on_message: bool = True


@dataclass
class Application:
    """Without a manifest every command and shortcut is taken to exist; a shortcut's name is then its callback_id."""

    name: str = "Inkling"
    id: str = "A0INKLING"
    client_id: str = "1234567890.0987654321"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))
    app_token: str = field(default_factory=lambda: f"xapp-1-A0INKLING-1-{secrets.token_hex(16)}")
    app_token_scopes: tuple[str, ...] = ("connections:write", "authorizations:read")
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    events: tuple[str, ...] = DEFAULT_EVENTS
    commands: dict[str, bool] | None = None
    """Each with whether Slack turns names in its text into ids (should_escape)."""
    escapes_commands: bool = True
    """Whether & < > come as entities in a command's text, as they do in messages; Slack's documents do not say."""
    shortcuts: list[Shortcut] | None = None
    redirect_urls: tuple[str, ...] | None = None
    interactive: bool = True
    has_home: bool = True
    answers_messages: bool = True
    """Whether people may write to the app directly."""

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any] | None) -> Application:
        app = cls()
        if manifest is not None:
            app._read_features(manifest.get("features", {}))
            app._read_settings(manifest)
        return app

    def _read_features(self, features: Mapping[str, Any]) -> None:
        self.name = features.get("bot_user", {}).get("display_name", self.name)
        self.commands = {each["command"]: each.get("should_escape", False) for each in features["slash_commands"]}
        self.shortcuts = [
            Shortcut(each["name"], each["callback_id"], each["type"] == "message")
            for each in features.get("shortcuts", [])
        ]
        home = features.get("app_home", {})
        self.has_home = home.get("home_tab_enabled", False)
        self.answers_messages = home.get("messages_tab_enabled", True) and not home.get(
            "messages_tab_read_only_enabled", False
        )

    def _read_settings(self, manifest: Mapping[str, Any]) -> None:
        oauth = manifest.get("oauth_config", {})
        self.scopes = tuple(oauth.get("scopes", {}).get("bot", ()))
        self.redirect_urls = tuple(oauth["redirect_urls"]) if "redirect_urls" in oauth else None
        settings = manifest.get("settings", {})
        self.events = tuple(settings.get("event_subscriptions", {}).get("bot_events", ()))
        self.interactive = settings.get("interactivity", {}).get("is_enabled", False)

    def shortcut(self, name: str, *, on_message: bool) -> Shortcut | None:
        if self.shortcuts is None:
            return Shortcut(name, name, on_message)
        return next((each for each in self.shortcuts if each.name == name and each.on_message == on_message), None)
