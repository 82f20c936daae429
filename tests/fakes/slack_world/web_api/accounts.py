"""Who the bot is, who people are, and where sockets open."""

from __future__ import annotations

from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused


@method("auth.test", "t5")
def auth_test(call: Call) -> Payload:
    assert call.installation is not None
    return {
        "url": f"https://{call.workspace.domain}.slack.com/",
        "team": call.workspace.name,
        "user": call.bot.handle,
        "team_id": call.workspace.id,
        "user_id": call.bot.id,
        "bot_id": call.installation.bot_id,
        "is_enterprise_install": False,
    }


@method("api.test", "t4", takes="error", token="none")
def api_test(call: Call) -> Payload:
    if error := call.get("error"):
        raise Refused(str(error))
    return {"args": call.arguments}


@method("users.info", "t4", needs="user", takes="include_locale", scopes="users:read", json=False)
def users_info(call: Call) -> Payload:
    return {"user": call.user().payload() | ({"locale": "en-US"} if call.get("include_locale") else {})}


@method("team.info", "t3", takes="team domain", scopes="team:read")
def team_info(call: Call) -> Payload:
    if call.get("team", call.workspace.id) != call.workspace.id:
        raise Refused("team_not_found")
    about = {"id": call.workspace.id, "name": call.workspace.name, "domain": call.workspace.domain}
    return {"team": about | {"email_domain": "", "icon": {"image_default": True}}}


@method("bots.info", "t3", takes="bot team_id", scopes="users:read", json=False)
def bots_info(call: Call) -> Payload:
    assert call.installation is not None
    if call.get("bot", call.installation.bot_id) != call.installation.bot_id:
        raise Refused("bot_not_found")
    about = {"id": call.installation.bot_id, "deleted": False, "name": call.bot.name, "updated": 1700000000}
    return {"bot": about | {"app_id": call.world.app.id, "user_id": call.bot.id, "icons": {}}}


@method("apps.connections.open", "t3", token="app")
def apps_connections_open(call: Call) -> Payload:
    return {"url": call.world.socket_url()}


@method("auth.revoke", "t3", takes="test", json=False)
def auth_revoke(call: Call) -> Payload:
    if call.text("test").lower() in ("1", "true"):
        return {"revoked": False}
    call.workspace.revoke_token()
    return {"revoked": True}


@method("apps.uninstall", "t1", needs="client_id client_secret", json=False)
def apps_uninstall(call: Call) -> Payload:
    if call.text("client_id") != call.world.app.client_id:
        raise Refused("invalid_client_id")
    if call.text("client_secret") != call.world.app.client_secret:
        raise Refused("bad_client_secret")
    call.workspace.uninstall()
    return {}
