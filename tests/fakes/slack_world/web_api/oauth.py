"""Exchanging what OAuth brought for a token."""

from __future__ import annotations

import base64

from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused

TAKES = "client_id client_secret code code_verifier redirect_uri grant_type refresh_token assertion"


@method("oauth.v2.access", "t5", takes=TAKES, json=False, token="none")
def oauth_v2_access(call: Call) -> Payload:
    client_id, client_secret = _credentials(call)
    if client_id != call.world.app.client_id:
        raise Refused("invalid_client_id")
    if client_secret != call.world.app.client_secret:
        raise Refused("bad_client_secret")
    grant = call.world.grants.pop(call.text("code"), None)
    if grant is None or call.world.clock.now() > grant.expires_at:
        raise Refused("invalid_code")
    if call.text("redirect_uri") != grant.redirect_uri:
        raise Refused("bad_redirect_uri")
    installation = grant.user.workspace.install(grant.scopes, by=grant.user)
    return {
        "access_token": installation.token,
        "token_type": "bot",
        "scope": ",".join(installation.scopes),
        "bot_user_id": installation.bot.id,
        "app_id": call.world.app.id,
        "team": {"name": installation.workspace.name, "id": installation.workspace.id},
        "enterprise": None,
        "authed_user": {"id": grant.user.id},
        "is_enterprise_install": False,
    }


def _credentials(call: Call) -> tuple[str, str]:
    """In the form, or as HTTP's basic authorization."""
    header = call.authorization
    if header.startswith("Basic "):
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        return name, secret
    return call.text("client_id"), call.text("client_secret")
