"""A small bot on the real discord.py, for testing the fake itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord as dpy
from discord import app_commands, ui

from tests.fakes.discord_world.client import pointed_at
from tests.fakes.discord_world.fake import FakeDiscord

INTENTS = dpy.Intents(guilds=True, guild_reactions=True, dm_reactions=True)


class Again(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Again", custom_id="again")
    async def again(self, interaction: dpy.Interaction[Any], button: ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="again")


class Parrot(dpy.AutoShardedClient):
    def __init__(self, intents: dpy.Intents = INTENTS, **options: Any) -> None:
        super().__init__(
            intents=intents, guild_ready_timeout=0.02, allowed_mentions=dpy.AllowedMentions.none(), **options
        )
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="repeat", description="Says it again")(repeat)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the library's five seconds between shards."""

    async def setup_hook(self) -> None:
        self.add_view(Again())
        await self.tree.sync()

    async def on_raw_reaction_add(self, event: dpy.RawReactionActionEvent) -> None:
        if self.user is None or event.user_id == self.user.id:
            return
        channel = self.get_partial_messageable(event.channel_id, guild_id=event.guild_id)
        await channel.get_partial_message(event.message_id).add_reaction(event.emoji)


@app_commands.describe(words="What to say", times="How often")
async def repeat(interaction: dpy.Interaction[Any], words: str, times: app_commands.Range[int, 1, 5] = 1) -> None:
    await interaction.response.defer()
    root = await interaction.edit_original_response(content=f"**{words}**")
    channel = interaction.channel
    assert isinstance(channel, dpy.TextChannel)
    thread = await channel.get_partial_message(root.id).create_thread(name=words[:100])
    message = await thread.send(words, view=Again())
    await message.edit(content=words * times)


@asynccontextmanager
async def parrot_in(discord: FakeDiscord, parrot: dpy.Client | None = None) -> AsyncIterator[dpy.Client]:
    client = parrot or Parrot()
    with pointed_at(discord):
        async with client:
            running = asyncio.create_task(client.start(discord.token))
            ready = asyncio.create_task(client.wait_until_ready())
            await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
            ready.cancel()
            if running.done():
                running.result()
            try:
                yield client
            finally:
                await client.close()
                await asyncio.gather(running, return_exceptions=True)
