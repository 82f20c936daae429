"""discord.py's client, wired to the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
import yarl

from bots.busy import Busy
from bots.controls import is_ours, read_control
from bots.core import Core
from bots.discord_bot.acts import Acts
from bots.discord_bot.answers import refuse_outdated
from bots.discord_bot.commands import Commands
from bots.discord_bot.config_group import ConfigGroup
from bots.discord_bot.front import DiscordFront
from bots.discord_bot.homes import Homes
from bots.discord_bot.reactions import Reactions
from bots.discord_bot.takedown import Takedown
from bots.discord_bot.telling import Telling
from bots.discord_bot.tree import InklingTree
from bots.discord_bot.writing import Writing
from bots.seen import Seen
from config.settings import DiscordSettings

INTENTS = discord.Intents(guilds=True, guild_reactions=True, dm_reactions=True)
"""None of them privileged: prompts come in interactions, and results are the bot's own messages."""
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # It has no voice to warn of.
LONGEST_WAIT_S = 60.0
"""For one of Discord's rate limits; a longer one is an error."""
SERVERS_QUIET_S = 2.0
"""When Discord has told of no further server for so long, it has told of all: the bot is ready."""


class InklingClient(discord.AutoShardedClient):
    """Registers itself as a front: make it before `core.start`."""

    def __init__(self, core: Core, settings: DiscordSettings, servers_quiet_s: float = SERVERS_QUIET_S) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=servers_quiet_s,
            max_ratelimit_timeout=LONGEST_WAIT_S,
        )
        point_at(settings)
        self._gateway_is_set = settings.gateway_url is not None
        front = DiscordFront(self, core.posts)
        core.register("discord", front)
        takedown = Takedown(self, core)
        homes = Homes(self, core)
        writing = Writing(core, front, homes)
        self.on_shard: Callable[[], None] | None = None
        """Called when one more shard has connected."""
        self._seen = Seen()
        telling = Telling(core, homes)
        self._acts = Acts(core, writing, takedown, homes, telling)
        self._reactions = Reactions(self, core, front, self._acts, takedown)
        self._busy = Busy()
        self.tree = InklingTree(self, self._seen, self._busy)
        commands = Commands(core, writing, self._acts, takedown)
        for command in (*commands.all(), telling.command(), ConfigGroup(core, commands).group()):
            self.tree.add_command(command)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Buttons and forms; the tree takes the commands."""
        if interaction.type not in (discord.InteractionType.component, discord.InteractionType.modal_submit):
            return
        data: Any = interaction.data or {}
        custom_id = data.get("custom_id", "")
        if not is_ours(custom_id) or not self._seen.is_new(interaction.id):
            return
        self._busy.enter()
        control = read_control(custom_id)
        if control is None:
            await refuse_outdated(interaction)
        elif interaction.type is discord.InteractionType.component:
            await self._acts.press(interaction, control)
        else:
            await self._acts.submit(interaction, control)

    async def on_shard_connect(self, shard_id: int) -> None:
        if self.on_shard is not None:
            self.on_shard()

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self._busy.enter()
        await self._reactions.added(payload)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        self._reactions.removed(payload)

    async def launch_shards(self) -> None:
        """With a gateway of the operator's own, Discord is asked for the number of shards only."""
        if self._gateway_is_set and not self.shard_count:
            self.shard_count, _, _ = await self.http.get_bot_gateway()
        await super().launch_shards()

    async def until_idle(self, within_s: float) -> None:
        """Until nothing that came is being answered any more."""
        await self._busy.until_idle(within_s)

    def take(self, payload: Any) -> None:
        """An interaction that came by HTTP: from here on it is as one from the gateway."""
        self._connection.parse_interaction_create(payload)


def point_at(settings: DiscordSettings) -> None:
    """Where discord.py finds Discord: it knows one place for the whole process."""
    discord.http.Route.BASE = settings.api_url.rstrip("/")
    if settings.gateway_url is not None:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
