"""Who the bot is, where the gateway is, direct channels."""

from __future__ import annotations

from typing import Any

from tests.fakes.discord_world.failures import Refused
from tests.fakes.discord_world.rest.routing import Answer, Call, route


@route("GET", "/users/@me")
def me(call: Call) -> Answer:
    extra = {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
    return Answer(call.bot.payload() | extra)


@route("GET", "/users/{user_id}")
def user(call: Call) -> Answer:
    found = call.world.users.get(call.number("user_id"))
    if found is None:
        raise Refused(10013)
    return Answer(found.payload())


@route("GET", "/oauth2/applications/@me")
@route("GET", "/applications/@me")
def application(call: Call) -> Answer:
    return Answer(_application(call))


def _application(call: Call) -> dict[str, Any]:
    owner = next(iter(call.world.users.values()))
    return {
        "id": str(call.bot.id),
        "name": call.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": call.bot.payload(),
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": call.world.public_key,
        "flags": 0,
        "flags_new": "0",
        "redirect_uris": [],
        "interactions_endpoint_url": call.world.interactions_endpoint,
        "role_connections_verification_url": None,
        "owner": owner.payload(),
        "approximate_guild_count": len(call.world.guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


@route("GET", "/gateway")
def gateway(call: Call) -> Answer:
    return Answer({"url": call.world.gateway_url})


@route("GET", "/gateway/bot")
def gateway_bot(call: Call) -> Answer:
    limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
    return Answer({"url": call.world.gateway_url, "shards": call.world.shards, "session_start_limit": limit})


@route("POST", "/users/@me/channels")
def direct_channel(call: Call) -> Answer:
    recipient = call.world.users.get(int(call.body["recipient_id"]))
    if recipient is None or recipient.bot:
        raise Refused(50007 if recipient else 10013)
    return Answer(call.world.direct_channel(recipient).payload())
