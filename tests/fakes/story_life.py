"""A core with the echo backend on a store in a file, through several processes' lives, and what it has posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from backends.echo import EchoBackend
from backends.explanation import Explanation, TokenChance
from backends.factory import Backends
from backends.protocol import CompletionRequest
from backends.store.records import Accepted
from backends.store.sqlite import SqliteStore
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.core import Core
from bots.reply import Reply
from bots.story_tree import NodeKey
from tests.fakes.explaining_backend import CANDIDATES, OTHERS
from tests.fakes.recording_reply import RecordingFront, RecordingReply
from tests.fakes.worlds import ADMIN, HERE, settings_with

Ask = Callable[[Invocation, Reply], Awaitable[Accepted]]
TOKEN_BYTES = 5


class ExplainingEcho(EchoBackend):
    """Tells of tokens that end anywhere, within a character too."""

    explains = True

    async def explain(self, request: CompletionRequest, text: str | None) -> Explanation:
        whole = (text or "").encode()
        pieces = [whole[start : start + TOKEN_BYTES] for start in range(0, len(whole), TOKEN_BYTES)]
        return Explanation(CANDIDATES, None, tuple(TokenChance(each, 0.1, True, OTHERS) for each in pieces))


@dataclass
class StoryLife:
    """`posted` is what was shown last of every sample, prompt and completion in one."""

    path: Path
    core: Core = field(init=False)
    posted: dict[NodeKey, str] = field(default_factory=dict)
    _front: RecordingFront = field(default_factory=RecordingFront)
    _process: AsyncExitStack = field(default_factory=AsyncExitStack)
    _events: count[int] = field(default_factory=lambda: count(1))

    async def start(self) -> None:
        store = await SqliteStore.open(self.path)
        self._process.push_async_callback(store.aclose)
        backends = Backends({"gated": ExplainingEcho("gated")}, "gated")
        self.core = Core(settings_with(), store, backends)
        self.core.register("discord", self._front)
        self._process.push_async_callback(self.core.aclose)
        await self.core.start()

    async def stop(self) -> None:
        await self._process.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def call(self, channel: str = "general") -> Invocation:
        return Invocation(f"e{next(self._events)}", HERE, channel, ADMIN)

    async def do(self, ask: Ask) -> str:
        """Have something written, until it is shown; returns the request's id."""
        reply = RecordingReply()
        request_id = (await ask(self.call(), reply)).record.id
        await self._keep(request_id, reply)
        return request_id

    async def compare(self, first: Completion, second: Completion) -> None:
        reply = RecordingReply()
        one, other = await self.core.story.compare(self.call(), reply, first, second)
        await self._keep(one.record.id, reply)
        await self._keep(other.record.id, self._front.replies[other.record.id])

    async def _keep(self, request_id: str, reply: RecordingReply) -> None:
        await self.core.jobs.wait(request_id)
        for sample in reply.final.samples:
            self.posted[NodeKey(request_id, sample.index)] = reply.final.prompt + sample.text

    def forget(self, request_id: str) -> None:
        self.posted = {key: text for key, text in self.posted.items() if key.request_id != request_id}
