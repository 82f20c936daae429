"""Reactions on results: the server's emoji for another try, and the legend ▶️ ⏹️ 🗑️.

Who may not, or reacts to what is no result, hears nothing: a reaction can't be answered for one person's eyes, and a
message to all, or into somebody's direct messages, would be worse than silence.
"""

from __future__ import annotations

from collections import OrderedDict

import discord
import structlog
from ulid import ULID

from backends.store.records import PostRecord
from bots.actions import action_of_emoji
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.acts import Acts
from bots.discord_bot.front import DiscordFront
from bots.discord_bot.identity import reaction_invocation
from bots.discord_bot.place import address_of, read_place
from bots.discord_bot.placing import beside
from bots.discord_bot.takedown import Takedown
from bots.views import Action
from config.errors import InklingError

MOST_REMEMBERED = 10_000

log = structlog.get_logger(__name__)


class ReactionCount:
    """Which time somebody reacts so to a message: Discord gives reactions no id of their own.

    The same reaction told again, before it was taken back, is the same time. The start of the process is part of it:
    what an earlier one saw isn't told again, as Discord repeats itself within one session only.
    """

    def __init__(self) -> None:
        self._start = str(ULID())
        self._times: OrderedDict[str, int] = OrderedDict()
        self._there: set[str] = set()

    def added(self, payload: discord.RawReactionActionEvent) -> str:
        """This reaction's own id."""
        key = _key(payload)
        self._times[key] = self._times.pop(key, 0)
        self._there.add(key)
        if len(self._times) > MOST_REMEMBERED:
            oldest, _ = self._times.popitem(last=False)
            self._there.discard(oldest)
        return f"reaction {key} {self._times[key]} {self._start}"

    def removed(self, payload: discord.RawReactionActionEvent) -> None:
        key = _key(payload)
        if key in self._there:
            self._there.discard(key)
            self._times[key] += 1


class Reactions:
    def __init__(self, client: discord.Client, core: Core, front: DiscordFront, acts: Acts, takedown: Takedown) -> None:
        self._client = client
        self._core = core
        self._front = front
        self._acts = acts
        self._takedown = takedown
        self._count = ReactionCount()

    async def added(self, payload: discord.RawReactionActionEvent) -> None:
        me = self._client.user.id if self._client.user else None
        if payload.user_id == me or payload.message_author_id not in (None, me) or _is_of_a_bot(payload):
            return
        event_id = self._count.added(payload)
        try:
            await self._act(payload, event_id)
        except InklingError as error:
            log.info("discord.reaction_refused", code=error.code)

    def removed(self, payload: discord.RawReactionActionEvent) -> None:
        self._count.removed(payload)

    async def _act(self, payload: discord.RawReactionActionEvent, event_id: str) -> None:
        channel = self._client.get_channel(payload.channel_id)
        invocation = reaction_invocation(payload, channel, event_id)
        again = emoji_name(await self._core.posts.again_emoji(invocation.workspace))
        action = action_of_emoji(emoji_name(str(payload.emoji)), again)
        if action is None:
            return
        post = await self._core.results.at(invocation, address_of(payload.channel_id, payload.message_id, ""))
        if action == "stop":
            await self._core.results.stop(invocation, post.request_id)
        elif action == "delete":
            await self._takedown.delete(invocation, post.request_id)
        else:
            await self._derive(payload, channel, event_id, action, post)

    async def _derive(
        self, payload: discord.RawReactionActionEvent, channel: object, event_id: str, action: Action, post: PostRecord
    ) -> None:
        origin = await self._core.story.find(reaction_invocation(payload, channel, event_id), post.request_id)
        place = beside(
            read_place(origin.reply_ref, origin.channel, origin.requester_id), payload.user_id, payload.message_id
        )
        own_name = origin.requester_name if origin.requester_id == str(payload.user_id) else None
        invocation = reaction_invocation(payload, channel, event_id, place, own_name)
        ask = self._acts.asks.of_control(Control(action, origin.id, post.sample or 0))
        await ask(invocation, self._front.reply(invocation.workspace, place))


def emoji_name(emoji: str) -> str:
    """A custom emoji, however it is written, as name:id; others as they are."""
    read = discord.PartialEmoji.from_str(emoji)
    return f"{read.name}:{read.id}" if read.id else read.name


def _is_of_a_bot(payload: discord.RawReactionActionEvent) -> bool:
    """One that repeats every reaction it sees would never let the two of them come to an end."""
    return payload.member is not None and payload.member.bot


def _key(payload: discord.RawReactionActionEvent) -> str:
    return f"{payload.message_id} {payload.user_id} {emoji_name(str(payload.emoji))}"
