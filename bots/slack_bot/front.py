"""Slack as the durable queue sees it."""

from __future__ import annotations

from weakref import WeakSet

from backends.store.records import RequestRecord
from bots.posts import Posts
from bots.slack_bot.place import Place, beside, read_place
from bots.slack_bot.reply import SlackReply
from bots.slack_bot.stream import LASTS_S
from bots.slack_bot.workspaces import Workspaces
from config.workspace import WorkspaceRef


class SlackFront:
    def __init__(
        self, workspaces: Workspaces, posts: Posts, streams: bool = True, stream_lasts_s: float = LASTS_S
    ) -> None:
        self._workspaces = workspaces
        self._posts = posts
        self._streams = streams
        self._stream_lasts_s = stream_lasts_s
        self._live: dict[str, WeakSet[SlackReply]] = {}

    def reply(self, workspace: WorkspaceRef, place: Place) -> SlackReply:
        live = self._live.setdefault(workspace.id, WeakSet())
        return SlackReply(self._workspaces, self._posts, workspace, place, live, self._streams, self._stream_lasts_s)

    def reopen(self, record: RequestRecord) -> SlackReply:
        """After a restart; what has been posted of it is looked up with the first call."""
        return self.reply(record.workspace, read_place(record.reply_ref, record.channel, record.requester_id))

    def beside(self, record: RequestRecord, origin: RequestRecord) -> SlackReply:
        """In its origin's thread."""
        place = read_place(origin.reply_ref, origin.channel, origin.requester_id)
        return self.reply(record.workspace, beside(place, record.requester_id))
