"""One result on Slack: a root, its thread, and the samples' messages, in whatever state an earlier call left them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from weakref import WeakSet

import structlog
from slack_sdk.errors import SlackApiError

from bots.actions import ACTIONS
from bots.posts import Posts
from bots.reply import PlaceGone
from bots.slack_bot.api import SlackApi
from bots.slack_bot.board import Board
from bots.slack_bot.emoji import is_name, name_of
from bots.slack_bot.failures import UNREACHABLE, code_of, is_closed, is_gone, is_outside, is_passing, is_token_dead
from bots.slack_bot.place import Place, direct_place
from bots.slack_bot.rendering import ROOT, Message, render_documents, render_root, render_samples
from bots.slack_bot.stream import LASTS_S, Stream
from bots.slack_bot.workspaces import Workspaces
from bots.turns import PartKey, SampleTurns
from bots.views import ResultView
from config.errors import NotFound
from config.workspace import WorkspaceRef

LEAST_INTERVAL_S = 3.0
STREAM_INTERVAL_S = 1.0
MOST_INTERVAL_S = 15.0
PER_REPLY_S = 1.3
"""Slack takes about fifty edits a minute from all results of a workspace together."""
PAUSES_S = (0.5, 2.0, 5.0)
"""Before an end is shown again that Slack failed to take: it may be posted twice then, which beats not at all."""
SAMPLES_PER_UPDATE = 3
"""So that an end doesn't wait for the last of many samples to be edited."""
NO_FILE = "Slack takes no file from me here; an admin can change that, and “As file” behind “More” gives it then."

log = structlog.get_logger(__name__)


class SlackReply:
    """Every call does what is missing, so that it may come after any failure, and again after a restart."""

    def __init__(
        self,
        workspaces: Workspaces,
        posts: Posts,
        workspace: WorkspaceRef,
        place: Place,
        live: WeakSet[SlackReply],
        streams: bool = True,
        stream_lasts_s: float = LASTS_S,
    ) -> None:
        """`live` are the workspace's results that are being shown, which share its rate limits."""
        self.place = place
        self.note: str | None = None
        """Why it isn't shown where it was meant to be, once that turned out."""
        self._workspaces = workspaces
        self._posts = posts
        self._workspace = workspace
        self._live = live
        self._streams = streams
        self._stream_lasts_s = stream_lasts_s
        self._stream: Stream | None = None
        self._board: Board | None = None
        self._api: SlackApi | None = None
        self._joined = False
        self._call_s = 0.0
        self._turns = SampleTurns()
        live.add(self)

    @property
    def min_interval_s(self) -> float:
        """Calls wait when Slack's limits are reached: slow calls ask for fewer of them, and so do many results."""
        least = STREAM_INTERVAL_S if self._stream is not None and self._stream.is_open else LEAST_INTERVAL_S
        return min(MOST_INTERVAL_S, max(least, PER_REPLY_S * len(self._live), 3 * self._call_s))

    async def open(self, view: ResultView) -> str:
        await self.update(view)
        return self.place.write()

    async def update(self, view: ResultView) -> None:
        await self._show(view, SAMPLES_PER_UPDATE)

    async def finish(self, view: ResultView) -> None:
        await self._show_surely(view)
        self._live.discard(self)
        await self._offer_again(view)

    async def _show_surely(self, view: ResultView) -> None:
        for pause_s in PAUSES_S:
            try:
                return await self._show(view, len(view.samples))
            except UNREACHABLE as error:
                if not is_passing(error):
                    raise
                log.info("slack.end_not_shown", code=code_of(error) or type(error).__name__)
                await asyncio.sleep(pause_s)
        return await self._show(view, len(view.samples))

    async def _show(self, view: ResultView, most: int) -> None:
        try:
            api, board = await self._load(view.request_id)
            while not await self._shown_or_moved(api, board, view, most):
                log.info("slack.moved", request_id=view.request_id)
        except NotFound as error:
            raise PlaceGone(error.sentence) from error

    async def _shown_or_moved(self, api: SlackApi, board: Board, view: ResultView, most: int) -> bool:
        """False when it must be tried again, elsewhere or as a member now."""
        try:
            await self._show_in_place(api, board, view, most)
            return True
        except SlackApiError as error:
            await self._move(api, board, error)
            return False

    async def _move(self, api: SlackApi, board: Board, error: SlackApiError) -> None:
        """Go where it can still be shown. Raises PlaceGone when nowhere, the error itself when it isn't about that."""
        may_begin_anew = board.is_empty and not self.place.direct and not is_token_dead(error)
        if may_begin_anew and is_outside(error) and not self._joined:
            self._joined = True
            if await self._join(api):
                return
        if may_begin_anew and is_closed(error):
            self.note = _not_here(error)
            self.place = direct_place(self.place.user)
        elif is_gone(error):
            self.note = "I can't show that any more: its place is gone, or I may no longer write there."
            raise PlaceGone(f"Slack says {code_of(error)}") from error
        else:
            raise error

    async def _join(self, api: SlackApi) -> bool:
        """Public channels let the bot in."""
        try:
            await api.join(self.place.channel)
        except SlackApiError as error:
            log.info("slack.not_joined", code=code_of(error))
            return False
        return True

    async def _load(self, request_id: str) -> tuple[SlackApi, Board]:
        if self._board is None or self._api is None:
            self._api = await self._workspaces.api(self._workspace.id)
            board = Board(self._posts, request_id, self._api)
            await board.load()
            self._board = board
        return self._api, self._board

    async def _show_in_place(self, api: SlackApi, board: Board, view: ResultView, most: int) -> None:
        if self.place.direct and not self.place.channel:
            channel = await api.direct_channel(self.place.user)
            self.place = self.place.model_copy(update={"channel": channel})
        await self._lay_root(board, view)
        if await self._streamed(api, board, view):
            return
        messages = dict(render_samples(view, self.place.has_root))
        for key in self._chosen(board, messages, most):
            await self._put(board, key, messages[key])
        for key, message in render_documents(view, self.place.has_root):
            await self._put_file(board, key, message)
        if messages and all(board.is_deleted(key) for key in messages):
            raise PlaceGone("its messages were deleted")

    async def _put(self, board: Board, key: PartKey, message: Message) -> None:
        started = asyncio.get_running_loop().time()
        await board.put(key, message, self.place.channel, self.place.thread)
        self._call_s = asyncio.get_running_loop().time() - started

    async def _put_file(self, board: Board, key: PartKey, message: Message) -> None:
        """Where Slack takes no files, the end is an end nevertheless: its text is kept, to be asked for later."""
        try:
            await self._put(board, key, message)
        except SlackApiError as error:
            if is_passing(error) or is_gone(error) or is_closed(error):
                raise
            log.warning("slack.no_file", code=code_of(error))
            await self._put(board, key, Message(small=(NO_FILE,)))

    async def _streamed(self, api: SlackApi, board: Board, view: ResultView) -> bool:
        """Whether Slack's streaming shows it. A message that streams has no buttons, so its root must have Stop."""
        if not self._streams or not self.place.has_root:
            return False
        if self._stream is None:
            self._stream = Stream(api, board, self.place, self._workspace.id, self._stream_lasts_s)
        return await self._stream.write(view)

    def _chosen(self, board: Board, messages: Mapping[PartKey, Message], most: int) -> Iterable[PartKey]:
        """What differs, of so many samples at most, beginning where the last update ended."""
        changed = [key for key, message in messages.items() if board.differs(key, message)]
        return self._turns.choose(changed, most)

    async def _lay_root(self, board: Board, view: ResultView) -> None:
        if not self.place.has_root:
            return
        root = render_root(view)
        if board.differs(ROOT, root):
            await board.put(ROOT, root, self.place.channel, None)
        shown = board.get(ROOT)
        assert shown is not None
        if shown.deleted:
            raise PlaceGone("its root was deleted")
        if self.place.thread != shown.ts:
            self.place = self.place.model_copy(update={"thread": shown.ts})

    async def _offer_again(self, view: ResultView) -> None:
        """The workspace's reaction under each sample, to be clicked, and one to vote with where two are compared.
        Where it can't be, the button is there.
        """
        assert self._api is not None
        assert self._board is not None
        again = name_of(await self._posts.again_emoji(self._workspace))
        names = [again, name_of(ACTIONS["vote"].emoji)] if "vote" in view.actions else [again]
        last = {sample: (sample, part) for sample, part in dict(render_samples(view, self.place.has_root))}
        for key in last.values():
            shown = self._board.get(key)
            if shown is not None and not shown.deleted:
                for name in filter(is_name, names):
                    await self._react(self._api, shown.channel, shown.ts, name)

    async def _react(self, api: SlackApi, channel: str, ts: str, name: str) -> None:
        try:
            await api.react(channel, ts, name)
        except UNREACHABLE as error:
            log.info("slack.no_reaction", code=code_of(error) or type(error).__name__, emoji=name)


def _not_here(error: SlackApiError) -> str:
    if code_of(error) in ("not_in_channel", "channel_not_found"):
        return "I'm not in this channel: type /invite @Inkling here. Meanwhile the result is in our direct messages."
    return "I may not write in this channel; the result is in our direct messages."
