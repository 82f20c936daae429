"""The page's JSON endpoints for one's own things and the rules: settings, presets, erasure."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from bots.commands.invocation import Invocation
from bots.commands.settings import setting_rows
from bots.commands.words import check_usable
from bots.core import Core
from bots.web.bodies import ConfigBody, ForgetBody, PresetBody, read_body
from bots.web.identity import FIRST_CHANNEL, check_channel, page_invocation
from bots.web.live import Broadcast, Changed
from bots.web.payloads import Json
from config.errors import InvalidOptions
from config.sampling import parse_overrides


class OwnApi:
    def __init__(self, core: Core, broadcast: Broadcast) -> None:
        self._core = core
        self._broadcast = broadcast

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/config", self.config),
            web.post("/api/config", self.change_config),
            web.get("/api/presets", self.presets),
            web.post("/api/presets", self.change_presets),
            web.get("/api/forget-me", self.my_data),
            web.post("/api/forget-me", self.forget_me),
        ]

    async def config(self, request: web.Request) -> web.Response:
        return web.json_response(await self._config(page_invocation(FIRST_CHANNEL)))

    async def change_config(self, request: web.Request) -> web.Response:
        body = await read_body(request, ConfigBody)
        invocation = page_invocation(FIRST_CHANNEL)
        await self._change(invocation, body)
        self._broadcast.tell(Changed("session"))
        return web.json_response(await self._config(invocation))

    async def _change(self, invocation: Invocation, body: ConfigBody) -> None:
        rules = self._core.rules
        if body.action == "import":
            await rules.import_(invocation, check_usable(body.value))
        elif body.action == "reset" and body.channel is not None:
            await rules.reset_channel(invocation, body.channel, body.name)
        elif body.action == "reset":
            await rules.reset(invocation, body.name)
        elif body.name is None:
            raise InvalidOptions("name is missing: which setting?", "name")
        elif body.channel is not None:
            await rules.set_channel(invocation, check_channel(body.channel), body.name, check_usable(body.value))
        else:
            await rules.set(invocation, body.name, check_usable(body.value))

    async def _config(self, invocation: Invocation) -> Json:
        """Rows for the form, the export, and who changed what."""
        settings = await self._core.rules.show(invocation)
        audit = await self._core.rules.audit(invocation)
        return {
            "rows": [asdict(row) for row in setting_rows(settings)],
            "export": await self._core.rules.export(invocation),
            "audit": [{"at": each.at.isoformat(), "who": each.actor_name, "action": each.action} for each in audit],
        }

    async def presets(self, request: web.Request) -> web.Response:
        return web.json_response(await self._presets(page_invocation(FIRST_CHANNEL)))

    async def change_presets(self, request: web.Request) -> web.Response:
        body = await read_body(request, PresetBody)
        invocation = page_invocation(FIRST_CHANNEL)
        if body.options is None:
            await self._core.people.delete_preset(invocation, body.name)
        else:
            await self._core.people.save_preset(invocation, body.name, parse_overrides(body.options))
        self._broadcast.tell(Changed("session"))
        return web.json_response(await self._presets(invocation))

    async def _presets(self, invocation: Invocation) -> Json:
        presets = await self._core.people.presets(invocation)
        return {
            "personal": {name: options.given() for name, options in presets.personal.items()},
            "shared": {name: options.given() for name, options in presets.shared.items()},
        }

    async def my_data(self, request: web.Request) -> web.Response:
        records = await self._core.people.my_data(page_invocation(FIRST_CHANNEL))
        return web.json_response({"requests": len(records)})

    async def forget_me(self, request: web.Request) -> web.Response:
        await read_body(request, ForgetBody)
        erased = await self._core.people.forget_me(page_invocation(FIRST_CHANNEL))
        self._broadcast.tell(Changed("history"))
        self._broadcast.tell(Changed("session"))
        return web.json_response({"erased": erased})
