"""Slack's other addresses: response_urls, uploads, and files to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.slack_world.web_api.calls import Payload
from tests.fakes.slack_world.web_api.refusals import Refused
from tests.fakes.slack_world.web_api.server import Answer

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.server import WebApi
    from tests.fakes.slack_world.world import World


class Doors:
    def __init__(self, world: World, web_api: WebApi) -> None:
        self.world = world
        self.web_api = web_api

    async def respond(self, request: web.Request) -> web.StreamResponse:
        return await self.web_api.guarded(request, "response_url", lambda: self._responded(request))

    async def _responded(self, request: web.Request) -> tuple[Answer, Payload, str]:
        body: Payload = {}
        found = self.world.response_urls.get(request.path)
        try:
            if found is None:
                raise Refused("no_service", status=404)
            body = json.loads(await request.read())
            found.use(body)
        except ValueError:
            self.world.violated("response_url", "", "not JSON")
            return Answer("invalid_payload", 400), body, ""
        except Refused as refused:
            return Answer(refused.payload(), refused.status), body, ""
        return Answer("ok"), body, found.channel.workspace.id

    async def upload(self, request: web.Request) -> web.StreamResponse:
        return await self.web_api.guarded(request, "upload", lambda: self._uploaded(request))

    async def _uploaded(self, request: web.Request) -> tuple[Answer, Payload, str]:
        file = self.world.files.get(request.match_info["file"])
        if file is None or file.complete:
            return Answer("not found", 404), {}, ""
        content = await request.read()
        if request.content_type == "multipart/form-data":
            content = await _first_part(request)
        if len(content) != file.expected:
            self.world.violated("upload", "", f"{file.expected} bytes were announced, {len(content)} came")
        file.content = content
        return Answer(f"OK - {len(content)}"), {"length": len(content)}, file.workspace.id

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Without a token that may read files, Slack shows a page to log in."""
        return await self.web_api.guarded(request, "download", lambda: self._downloaded(request))

    async def _downloaded(self, request: web.Request) -> tuple[Answer, Payload, str]:
        team, _, number = request.match_info["file"].partition("-")
        file = self.world.files.get(number)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        installation = self.world.installations.get(token)
        if file is None or file.workspace.id != team or file.content is None:
            return Answer("not found", 404), {}, team
        may = installation is not None and installation.works and "files:read" in installation.scopes
        if not may or installation is None or installation.workspace is not file.workspace:
            self.world.violated("download", "", "a file was asked for without a token that may read it")
            return Answer("<!DOCTYPE html><title>Slack</title>"), {}, team
        return Answer(file.text), {}, team


async def _first_part(request: web.Request) -> bytes:
    form = await request.post()
    for part in form.values():
        return part.file.read() if isinstance(part, web.FileField) else str(part).encode()
    return b""
