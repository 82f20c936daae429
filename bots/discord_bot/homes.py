"""Private results that came as direct messages: what is done with them is done in the server they are of."""

from __future__ import annotations

from dataclasses import replace

import discord

from bots.commands.invocation import Invocation
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.identity import invocation_of
from bots.discord_bot.place import Place
from config.errors import NotAllowed
from config.workspace import WorkspaceRef


class Homes:
    def __init__(self, client: discord.Client, core: Core) -> None:
        self._client = client
        self._core = core

    async def invocation(
        self, interaction: discord.Interaction, control: Control, place: Place | None = None
    ) -> Invocation:
        """A button or form as the core understands it. In direct messages Discord tells no roles; it is asked."""
        invocation = invocation_of(interaction, place)
        if interaction.guild_id is not None or not control.private:
            return invocation
        home = await self._core.results.home_of(invocation, control.request_id)
        if home is None or home.workspace == invocation.workspace:
            return invocation
        roles = await self._roles(home.workspace, interaction.user.id)
        requester = replace(invocation.requester, roles=roles, is_admin=False)
        return replace(invocation, workspace=home.workspace, channel=home.channel, requester=requester)

    async def _roles(self, workspace: WorkspaceRef, user: int) -> frozenset[str]:
        try:
            member = await self._client.http.get_member(int(workspace.id), user)
        except (discord.NotFound, discord.Forbidden) as error:
            raise NotAllowed("That is from a server that one of us has left.") from error
        return frozenset(str(role) for role in member["roles"])
