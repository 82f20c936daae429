"""The command tree: acknowledges every command before it begins, and turns every failure into a sentence."""

from __future__ import annotations

import discord
import structlog
from discord import app_commands

from bots.busy import Busy
from bots.discord_bot.answers import Answer
from bots.seen import Seen

OUTDATED = "That command has changed; Discord will show you the new one in a moment. Try again then."

log = structlog.get_logger(__name__)


class InklingTree(app_commands.CommandTree[discord.AutoShardedClient]):
    def __init__(self, client: discord.AutoShardedClient, seen: Seen, busy: Busy) -> None:
        super().__init__(
            client,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        self._seen = seen
        self._busy = busy

    async def interaction_check(self, interaction: discord.Interaction[discord.AutoShardedClient], /) -> bool:
        """Called before anything else; False ends it there."""
        if interaction.type is discord.InteractionType.autocomplete:
            return True
        if not self._seen.is_new(interaction.id):
            return False
        self._busy.enter()
        answer = Answer(interaction)
        interaction.extras["answer"] = answer
        return await answer.acknowledge()

    async def on_error(
        self, interaction: discord.Interaction[discord.AutoShardedClient], error: app_commands.AppCommandError, /
    ) -> None:
        answer: Answer | None = interaction.extras.get("answer")
        if interaction.type is discord.InteractionType.autocomplete or answer is None:
            log.warning("discord.unanswered", problem=type(error).__name__)
        elif isinstance(error, app_commands.CommandInvokeError):
            await answer.fail(error.original)
        elif isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await answer.say(OUTDATED)
        else:
            await answer.fail(error)
