"""Whether what was set is enough to act on Slack and to hear from it, told in one sentence when it isn't."""

from __future__ import annotations

from pydantic import SecretStr

from config.errors import InvalidSettings
from config.settings import SlackSettings


def check_credentials(settings: SlackSettings) -> None:
    """Raises InvalidSettings."""
    _check_kind("slack.bot_token", settings.bot_token, "xoxb-")
    _check_kind("slack.app_token", settings.app_token, "xapp-")
    _check_acting(settings)
    if settings.app_token is None and settings.signing_secret is None:
        raise InvalidSettings(
            "slack.app_token is needed for Socket Mode, or slack.signing_secret to be called by HTTP; set one of them."
        )


def _check_kind(name: str, token: SecretStr | None, begins: str) -> None:
    """They are easily taken for each other."""
    if token is not None and not token.get_secret_value().startswith(begins):
        raise InvalidSettings(f"{name} must begin with {begins}; what is there is something else.")


def _check_acting(settings: SlackSettings) -> None:
    has_id, has_secret = settings.client_id is not None, settings.client_secret is not None
    if has_id != has_secret:
        missing, there = ("client_secret", "client_id") if has_id else ("client_id", "client_secret")
        raise InvalidSettings(f"slack.{missing} is needed beside slack.{there}; both are on the app's page.")
    if has_id and settings.bot_token is not None:
        raise InvalidSettings("slack.bot_token is for one workspace and slack.client_id for many; set one of them.")
    if not has_id and settings.bot_token is None:
        raise InvalidSettings(
            "slack.bot_token is needed, or slack.client_id and slack.client_secret for many workspaces."
        )
