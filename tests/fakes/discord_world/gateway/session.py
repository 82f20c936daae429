"""What a gateway session remembers between connections, and the connection itself."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11


class Connection:
    """Writes in order, compressed when the client asked for it."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None, *, compressed: bool) -> None:
        self.socket = socket
        self._transport = transport
        self.sent_at: list[float] = []
        self.session: Session | None = None
        self.closed_here = False
        """Whoever closes decides what becomes of the session; the other side's code is but an echo."""
        self._zlib = zlib.compressobj() if compressed else None
        self._queue: asyncio.Queue[dict[str, Any] | int | None] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, op: int, data: Any = None, event: str | None = None, seq: int | None = None) -> None:
        self._queue.put_nowait({"op": op, "d": data, "s": seq, "t": event})

    def close_with(self, code: int) -> None:
        """After everything that is still to be sent."""
        self.closed_here = True
        self._queue.put_nowait(code)

    def drop(self) -> None:
        """As a lost network does it: no close frame."""
        self._writer.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def finish(self) -> None:
        self._queue.put_nowait(None)
        await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while (next_ := await self._queue.get()) is not None:
            if isinstance(next_, int):
                await self.socket.close(code=next_)
                return
            try:
                await self._transmit(json.dumps(next_))
            except (ConnectionError, RuntimeError):
                return

    async def _transmit(self, text: str) -> None:
        if self._zlib is None:
            await self.socket.send_str(text)
            return
        data = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        await self.socket.send_bytes(data)


@dataclass(eq=False)
class Session:
    id: str
    intents: int
    shard: tuple[int, int]
    seq: int = 0
    history: list[tuple[int, str, Any]] = field(default_factory=list)
    connection: Connection | None = None
    lost: bool = False
    """Cannot be resumed any more."""

    def hears_of(self, guild_id: int | None) -> bool:
        number, count = self.shard
        return number == 0 if guild_id is None else (guild_id >> 22) % count == number

    def dispatch(self, event: str, data: Any) -> None:
        self.seq += 1
        self.history.append((self.seq, event, data))
        if self.connection is not None:
            self.connection.send(DISPATCH, data, event, self.seq)

    def replay(self, after: int) -> None:
        assert self.connection is not None
        for seq, event, data in self.history:
            if seq > after:
                self.connection.send(DISPATCH, data, event, seq)
