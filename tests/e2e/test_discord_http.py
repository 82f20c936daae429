"""The same bot when Discord sends its interactions by HTTP, with and without a connection beside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from yarl import URL

from bots.callbacks import CallbackServer
from bots.discord_bot.endpoint import InteractionsEndpoint
from config.settings import CallbackSettings
from tests.fakes.discord_bot import Bot, running_bot
from tests.fakes.discord_world import Permission
from tests.fakes.wonderland import Wonderland, is_ended, wonderland

PATH = "/discord/interactions"


@asynccontextmanager
async def called_bot(world: Wonderland, gateway: bool = False) -> AsyncIterator[Bot]:
    async with running_bot(world.discord, discord_changes={"gateway": gateway}) as bot:
        await world.discord.deliver_interactions_to(bot.url + PATH)
        yield bot


@pytest.mark.parametrize("gateway", [False, True])
async def test_commands_buttons_forms_and_suggestions(gateway: bool) -> None:
    async with wonderland() as world, called_bot(world, gateway) as bot:
        assert bool(world.discord.gateway.connections) == gateway
        (first,) = await world.asked(seed=7)
        assert is_ended(first)
        await world.bob.click(first, "Again")
        await bot.finished()
        form = await world.ada.click(first, "Vary")
        await world.ada.submit(form.modal, {"temperature": "1.5"})
        await bot.finished()
        assert len(world.answers) == 3
        suggested = await world.ada.autocomplete(world.general, "complete", "model", "e")
        assert suggested.choices == ["echo"]
        await world.ada.context_menu(first, "Regenerate this")
        await bot.finished()
        assert len(world.answers) == 4


async def test_rights_and_roles_come_from_the_call_itself() -> None:
    async with wonderland() as world, called_bot(world) as bot:
        role = world.guild.add_role("Noisy")
        cy = world.guild.add_member("Cy", roles=(role,))
        await world.admin.slash(world.general, "config role deny", role=role)
        await bot.finished()
        shown = await cy.slash(world.general, "complete", prompt="x")
        await bot.finished()
        assert shown.text == "An admin has turned Inkling off for you here."


async def test_without_threads_it_says_why() -> None:
    async with wonderland() as world, called_bot(world) as bot:
        world.general.overwrite(world.guild.me, deny=Permission.CREATE_PUBLIC_THREADS)
        shown = await world.ada.slash(world.general, "complete", prompt="Once", length=3)
        await bot.finished()
        assert "I lack Create Public Threads" in shown.text


async def test_direct_messages() -> None:
    async with wonderland() as world, called_bot(world) as bot:
        direct = world.discord.direct_channel(world.ada.user)
        await world.ada.user.slash(direct, "complete", prompt="Once", length=3)
        await bot.finished()
        assert is_ended(direct.messages[-1])


async def test_a_rule_for_a_channel_holds_in_its_threads() -> None:
    async with wonderland() as world, called_bot(world) as bot:
        await world.asked()
        await world.admin.slash(world.general, "config channel deny", channel=world.general)
        await bot.finished()
        shown = await world.ada.slash(world.thread, "complete", prompt="x")
        await bot.finished()
        assert shown.text == "Inkling is turned off in this channel."


async def test_only_what_discord_has_signed_is_taken() -> None:
    async with wonderland() as world, called_bot(world) as bot:
        endpoint = await world.discord.deliver_interactions_to(bot.url + PATH)
        ping = json.dumps({"type": 1, "id": "1", "application_id": "1", "token": "x", "version": 1}).encode()
        for headers in endpoint.bad_signatures(ping).values():
            assert (await endpoint.post(ping, headers))[0] == 401
        for body in (b"", b"{", b"[]", b"{}", b'{"type": 2}', b'{"type": 99, "id": "1"}', b"\xff"):
            assert (await endpoint.post(body))[0] == 400
        assert (await endpoint.post(ping)) == (200, {"type": 1})


async def test_a_body_that_never_comes_is_not_waited_for() -> None:
    endpoint = InteractionsEndpoint(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", lambda payload: None, body_within_s=0.01
    )
    server = CallbackServer(CallbackSettings(port=0))
    server.add(endpoint.routes())
    address = URL(await server.start())
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    finally:
        writer.close()
        await writer.wait_closed()
        await server.aclose()


async def test_nothing_else_is_there() -> None:
    async with wonderland() as world, called_bot(world) as bot, aiohttp.ClientSession() as session:
        for path in ("/", "/api/session", "/healthz", "/metrics", "/generate", "/page/main.js", "/discord"):
            async with session.get(bot.url + path) as answer:
                assert answer.status == 404
        async with session.get(bot.url + PATH) as answer:
            assert answer.status == 405
