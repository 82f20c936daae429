"""One result on Discord: a root, a thread, and the samples' messages, in whatever state an earlier call left them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import discord
import structlog

from bots.actions import ACTIONS
from bots.discord_bot.board import Board
from bots.discord_bot.failures import CLOSED_DMS, code_of, is_gone, is_token_over
from bots.discord_bot.outlets import ORIGINAL, ChannelOutlet, Outlet, TokenOutlet
from bots.discord_bot.place import Place
from bots.discord_bot.rendering import ROOT, Message, render_root, render_samples
from bots.discord_bot.threads import NoThread, open_thread
from bots.posts import Posts
from bots.reply import PlaceGone
from bots.turns import PartKey, SampleTurns
from bots.views import ResultView
from config.workspace import WorkspaceRef

LEAST_INTERVAL_S = 1.5
MOST_INTERVAL_S = 15.0
SAMPLES_PER_UPDATE = 3
"""So that an end doesn't wait for the last of many samples to be edited."""

log = structlog.get_logger(__name__)


class DiscordReply:
    """Every call does what is missing, so that it may come after any failure, and again after a restart."""

    def __init__(
        self,
        client: discord.Client,
        posts: Posts,
        workspace: WorkspaceRef,
        place: Place,
        fallback: Place | None = None,
        reopened: bool = False,
    ) -> None:
        """`fallback` is where it goes when Discord doesn't let the bot write at its place; `reopened` after a restart,
        when nobody else deletes the interaction's response that may still be waiting."""
        self.place = place
        self._has_answer = reopened and place.layout != "private" and place.original
        self._fallback = fallback
        self.note: str | None = None
        """Why it isn't shown where it was meant to be, once that turned out."""
        self._client = client
        self._posts = posts
        self._workspace = workspace
        self._board: Board | None = None
        self._outlets: dict[int | None, Outlet] = {}
        self._call_s = 0.0
        self._turns = SampleTurns()

    @property
    def min_interval_s(self) -> float:
        """discord.py waits inside a call when Discord's limits are near: slow calls ask for fewer of them."""
        return min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, 3 * self._call_s))

    async def open(self, view: ResultView) -> str:
        await self.update(view)
        return self.place.write()

    async def update(self, view: ResultView) -> None:
        await self._show(view, SAMPLES_PER_UPDATE)

    async def finish(self, view: ResultView) -> None:
        await self._show(view, len(view.samples))
        await self._offer_again(view)

    async def _show(self, view: ResultView, most: int) -> None:
        board = await self._load(view.request_id)
        try:
            await self._show_in_place(board, view, most)
        except discord.HTTPException as error:
            await self._move(board, error)
            await self._show_in_place(board, view, most)

    async def _move(self, board: Board, error: discord.HTTPException) -> None:
        """Go where it can still be shown. Raises PlaceGone when nowhere, the error itself when it isn't about that."""
        if self.place.layout == "private" and is_token_over(error):
            await self._move_to_direct_messages(board)
        elif self._fallback is not None and board.is_empty and (error.status == 403 or is_gone(error)):
            self.place, self._fallback = self._fallback, None
            self.note = (
                "I can't write here: Discord refuses it. Only you see this; an admin can look at my permissions."
            )
        elif is_gone(error) or code_of(error) == CLOSED_DMS or (error.status == 403 and board.is_empty):
            self.note = "I can't show that any more: its place is gone, or I may no longer write there."
            raise PlaceGone(f"Discord's error {code_of(error)}") from error
        else:
            raise error

    async def _load(self, request_id: str) -> Board:
        if self._board is None:
            board = Board(self._posts, request_id, self._outlet)
            await board.load()
            self._board = board
            await self._delete_answer()
        return self._board

    async def _delete_answer(self) -> None:
        """What an earlier process has announced and could not take back."""
        if not self._has_answer:
            return
        self._has_answer = False
        outlet = TokenOutlet(self._client, self.place.application, self.place.token or "", False)
        try:
            await outlet.remove(ORIGINAL)
        except discord.HTTPException as error:
            log.info("discord.no_answer_to_delete", code=code_of(error))

    async def _show_in_place(self, board: Board, view: ResultView, most: int) -> None:
        await self._lay_root(board, view)
        messages = dict(render_samples(view, self.place.has_root))
        for key in self._chosen(board, messages, most):
            started = asyncio.get_running_loop().time()
            await board.put(key, messages[key], self._where(), self._reply_to(board))
            self._call_s = asyncio.get_running_loop().time() - started
        if view.ended:
            await board.remove_others(messages)
        if messages and all(board.is_deleted(key) for key in messages):
            raise PlaceGone("its messages were deleted")

    def _chosen(self, board: Board, messages: Mapping[PartKey, Message], most: int) -> Iterable[PartKey]:
        """What differs, of so many samples at most, beginning where the last update ended."""
        changed = [key for key, message in messages.items() if board.differs(key, message)]
        return self._turns.choose(changed, most)

    async def _lay_root(self, board: Board, view: ResultView) -> None:
        """The root, and the thread from it, if they are wanted and not there yet."""
        if not self.place.has_root:
            return
        root = render_root(view)
        if board.get(ROOT) is None or (view.ended and board.differs(ROOT, root)):
            await board.put(ROOT, root, self.place.channel, None)
        if self.place.layout == "thread" and self.place.thread is None:
            await self._open_thread(board, view)

    async def _open_thread(self, board: Board, view: ResultView) -> None:
        root = board.get(ROOT)
        assert root is not None
        try:
            thread = await open_thread(self._client, self.place.channel, root.message_id, view.prompt)
            self.place = self.place.model_copy(update={"thread": thread})
        except NoThread as error:
            self.note = error.sentence
            self.place = self.place.model_copy(update={"layout": "channel"})

    def _where(self) -> int | None:
        return None if self.place.layout == "private" else self.place.thread or self.place.channel

    def _reply_to(self, board: Board) -> int | None:
        root = board.get(ROOT)
        return root.message_id if self.place.layout == "channel" and root is not None else self.place.reply_to

    def _outlet(self, channel: int | None) -> Outlet:
        if channel not in self._outlets:
            self._outlets[channel] = self._make_outlet(channel)
        return self._outlets[channel]

    def _make_outlet(self, channel: int | None) -> Outlet:
        if channel is not None:
            return ChannelOutlet(self._client, channel)
        waits = self.place.original and (self._board is None or self._board.get((0, 0)) is None)
        return TokenOutlet(self._client, self.place.application, self.place.token or "", waits)

    async def _move_to_direct_messages(self, board: Board) -> None:
        """What is private stays so, even when Discord's fifteen minutes for showing it are over."""
        channel = await self._client.http.start_private_message(str(self.place.user))
        self.place = Place(layout="reply", channel=int(channel["id"]), user=self.place.user)
        board.forget_private()

    async def _offer_again(self, view: ResultView) -> None:
        """The server's reaction under each sample, to be clicked, and one to vote with where two are compared.
        Where it can't be, the button is there; reactions in direct messages are those of no server."""
        if self.place.layout == "private" or view.private or self._board is None:
            return
        again = await self._posts.again_emoji(self._workspace)
        emojis = (again, ACTIONS["vote"].emoji) if "vote" in view.actions else (again,)
        last = {sample: (sample, part) for sample, part in dict(render_samples(view, self.place.has_root))}
        for key in last.values():
            shown = self._board.get(key)
            if shown is not None and shown.channel is not None and not shown.deleted:
                for emoji in emojis:
                    await self._react(shown.channel, shown.message_id, emoji)

    async def _react(self, channel: int, message_id: int, emoji: str) -> None:
        message = self._client.get_partial_messageable(channel).get_partial_message(message_id)
        try:
            await message.add_reaction(emoji)
        except discord.HTTPException as error:
            log.info("discord.no_reaction", code=code_of(error), emoji=emoji)
