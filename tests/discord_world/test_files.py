"""Files: sent with messages, kept, taken away and downloaded."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import aiohttp

from tests.discord_world.raw_client import QUIET, Reply, invoked, reasons
from tests.discord_world.stage import Stage, set_stage
from tests.fakes.discord_world import Permission
from tests.fakes.discord_world.places import Channel

LARGEST = 10 * 1024 * 1024


def form(body: dict[str, Any], *files: tuple[str, bytes]) -> aiohttp.FormData:
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("payload_json", json.dumps(QUIET | body))
    for index, (name, content) in enumerate(files):
        data.add_field(f"files[{index}]", BytesIO(content), filename=name, content_type="text/plain")
    return data


async def send(stage: Stage, channel: Channel, body: dict[str, Any], *files: tuple[str, bytes]) -> Reply:
    return await stage.api.form("POST", f"/channels/{channel.id}/messages", form(body, *files))


async def test_a_file_is_kept_and_can_be_fetched() -> None:
    async with set_stage() as stage:
        listed = {"attachments": [{"id": 0, "filename": "a.txt", "description": "the text"}]}
        reply = await send(stage, stage.channel, listed, ("x.txt", b"hello"))
        attachment = reply.body["attachments"][0]
        assert (attachment["filename"], attachment["size"], attachment["description"]) == ("a.txt", 5, "the text")
        async with aiohttp.ClientSession() as session, session.get(attachment["url"]) as response:
            assert await response.read() == b"hello"
        assert stage.channel.messages[0].file("a.txt") == b"hello"
        assert reasons(stage.discord) == ""


async def test_an_edit_keeps_what_it_lists_and_adds_what_it_brings() -> None:
    async with set_stage() as stage:
        await send(stage, stage.channel, {"content": "a"}, ("one.txt", b"1"), ("two.txt", b"2"))
        message = stage.channel.messages[0]
        path = f"/channels/{stage.channel.id}/messages/{message.id}"
        await stage.api("PATCH", path, QUIET | {"content": "b"})
        assert [each.filename for each in message.attachments] == ["one.txt", "two.txt"]
        kept = {"attachments": [{"id": str(message.attachments[1].id)}, {"id": 0, "filename": "three.txt"}]}
        await stage.api.form("PATCH", path, form(kept, ("three.txt", b"3")))
        assert [each.filename for each in message.attachments] == ["two.txt", "three.txt"]
        await stage.api("PATCH", path, QUIET | {"attachments": []})
        assert message.attachments == []


async def test_files_need_a_permission_and_have_a_size() -> None:
    async with set_stage() as stage:
        reply = await send(stage, stage.channel, {}, ("a.bin", b"x" * (LARGEST + 1)))
        assert (reply.status, reply.code) == (413, 40005)
        assert "larger than a server" in reasons(stage.discord)
        stage.channel.overwrite(stage.guild.me, deny=Permission.ATTACH_FILES)
        assert (await send(stage, stage.channel, {}, ("a.txt", b"hello"))).code == 50013
        assert stage.channel.messages == []


async def test_an_answer_may_bring_files() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("payload_json", json.dumps({"type": 4, "data": QUIET}))
        data.add_field("files[0]", b"hello", filename="a.txt")
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=true"
        reply = await stage.api.form("POST", path, data)
        assert reply.body["resource"]["message"]["attachments"][0]["filename"] == "a.txt"
        assert stage.channel.messages[0].file("a.txt") == b"hello"


async def test_what_is_no_json_is_refused() -> None:
    async with set_stage() as stage:
        data = aiohttp.FormData()
        data.add_field("payload_json", "{")
        data.add_field("file", b"hello", filename="a.txt")
        reply = await stage.api.form("POST", f"/channels/{stage.channel.id}/messages", data)
        assert (reply.status, reply.code) == (400, 50109)
