"""Discord as the durable queue sees it."""

from __future__ import annotations

import discord

from backends.store.records import RequestRecord
from bots.discord_bot.place import Place, read_place
from bots.discord_bot.placing import neighbour
from bots.discord_bot.reply import DiscordReply
from bots.posts import Posts
from config.workspace import WorkspaceRef


class DiscordFront:
    def __init__(self, client: discord.Client, posts: Posts) -> None:
        self._client = client
        self._posts = posts

    def reply(self, workspace: WorkspaceRef, place: Place, fallback: Place | None = None) -> DiscordReply:
        return DiscordReply(self._client, self._posts, workspace, place, fallback)

    def reopen(self, record: RequestRecord) -> DiscordReply:
        """After a restart; what has been posted of it is looked up with the first call."""
        place = read_place(record.reply_ref, record.channel, record.requester_id)
        return DiscordReply(self._client, self._posts, record.workspace, place, reopened=True)

    def beside(self, record: RequestRecord, origin: RequestRecord) -> DiscordReply:
        """In its origin's thread or channel, or for one person as that is."""
        place = read_place(origin.reply_ref, origin.channel, origin.requester_id)
        return self.reply(record.workspace, neighbour(place, int(record.requester_id)))
