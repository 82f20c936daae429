"""Socket Mode: the bot opens WebSockets, and envelopes come over any of them."""

from __future__ import annotations

import asyncio
import json
import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.fakes.slack_world import post
from tests.fakes.slack_world.deliveries import Delivery, Kind

if TYPE_CHECKING:
    from tests.fakes.slack_world.world import World

MOST_CONNECTIONS = 10
WARNING_S = 10.0


@dataclass(eq=False)
class Connection:
    socket: web.WebSocketResponse
    unacked: dict[str, Delivery] = field(default_factory=dict)
    outgoing: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    retiring: bool = False
    """Told to go: nothing new is sent to it."""
    silent: bool = False
    """As when a network swallows everything: it stands, but nothing comes through."""

    async def write(self) -> None:
        while True:
            message = await self.outgoing.get()
            if not self.silent:
                await self.socket.send_str(json.dumps(message))

    def abort(self) -> None:
        transport = self.socket._req.transport if self.socket._req is not None else None
        if transport is not None:
            transport.abort()


class SocketMode:
    def __init__(self, world: World) -> None:
        self.world = world
        self.connections: list[Connection] = []
        self.hellos = 0
        self.stray_acks: list[str] = []
        """Acks of envelopes that were never sent, or acknowledged before."""
        self._unacked: dict[str, Delivery] = {}
        self._tickets: set[str] = set()
        self._waiting: list[Delivery] = []
        self._turn = 0

    def url(self) -> str:
        """What apps.connections.open answers: good for one connection."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return f"{self.world.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={self.world.app.id}"

    @property
    def usable(self) -> list[Connection]:
        return [each for each in self.connections if not each.retiring and not each.socket.closed]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.discard(ticket)
        # Pings are answered by hand, so that a silent connection answers none.
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self.usable) >= MOST_CONNECTIONS:
            await socket.send_json(self._disconnect("too_many_websockets"))
            return socket
        await self._converse(Connection(socket))
        return socket

    async def _converse(self, connection: Connection) -> None:
        self.connections.append(connection)
        connection.outgoing.put_nowait(self._hello())
        writing = asyncio.create_task(connection.write())
        self.hellos += 1
        self._flush()
        self.world.changes.announce()
        try:
            async for message in connection.socket:
                if connection.silent:
                    continue
                if message.type is WSMsgType.TEXT:
                    self._read(connection, message.data)
                elif message.type is WSMsgType.PING:
                    await connection.socket.pong(message.data)
        finally:
            writing.cancel()
            self._gone(connection)

    def _read(self, connection: Connection, text: str) -> None:
        try:
            ack = json.loads(text)
            envelope_id, payload = ack["envelope_id"], ack.get("payload")
        except (ValueError, KeyError, TypeError):
            self.world.violated("socket", "", f"not an acknowledgement: {text[:100]}")
            return
        if set(ack) - {"envelope_id", "payload"}:
            self.world.violated("socket", "", f"unknown keys in an acknowledgement: {sorted(ack)}")
        connection.unacked.pop(envelope_id, None)
        # Clients that have just moved to another connection acknowledge over that one.
        delivery = self._unacked.pop(envelope_id, None)
        if delivery is None:
            self.stray_acks.append(envelope_id)
            self.world.changes.announce()
        elif payload and delivery.kind is Kind.EVENT:
            self.world.violated("socket", delivery.name, "an event's acknowledgement takes no payload")
            post.acked(self.world, delivery, None)
        else:
            post.acked(self.world, delivery, payload)

    def _gone(self, connection: Connection) -> None:
        self.connections.remove(connection)
        for delivery in connection.unacked.values():
            self._again(delivery)
        self.world.changes.announce()

    def _again(self, delivery: Delivery) -> None:
        """What a broken connection left open comes over another, commands and clicks within their three seconds."""
        if delivery.over:
            return
        if delivery.kind is Kind.EVENT:
            post.missed(self.world, delivery, "connection_failed")
        else:
            delivery.attempts += 1
            delivery.retry_reason = "connection_failed"
            self.carry(delivery)

    # Sending.

    def carry(self, delivery: Delivery) -> None:
        """Events wait for a connection; people do for three seconds, if there ever was one."""
        usable = self.usable
        if usable:
            self._turn += 1
            self._send(usable[self._turn % len(usable)], delivery)
        elif delivery.kind is not Kind.EVENT and not self.hellos:
            post.missed(self.world, delivery, "connection_failed")
        else:
            post.waits(delivery)
            self._waiting.append(delivery)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for delivery in waiting:
            if delivery.kind is Kind.EVENT:
                post.attempt(self.world, delivery)
            elif not delivery.over:
                self.carry(delivery)

    def _send(self, connection: Connection, delivery: Delivery) -> None:
        envelope_id = str(uuid.uuid4())
        connection.unacked[envelope_id] = self._unacked[envelope_id] = delivery
        envelope: dict[str, Any] = {
            "envelope_id": envelope_id,
            "type": delivery.kind.value,
            "payload": delivery.payload,
            "accepts_response_payload": _accepts_payload(delivery),
        }
        if delivery.kind is Kind.EVENT or delivery.attempts:
            envelope |= {"retry_attempt": delivery.attempts, "retry_reason": delivery.retry_reason}
        connection.outgoing.put_nowait(envelope)

    # Going.

    async def refresh(self) -> None:
        """As every few hours: a warning, then the connections close; the bot opens others meanwhile."""
        for connection in self.usable:
            connection.outgoing.put_nowait(self._disconnect("warning"))
        leaving = list(self.connections)
        self.world.clock.after(WARNING_S, lambda: self._close(leaving))

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Told to reconnect at once, and closed."""
        for connection in self.usable:
            connection.retiring = True
            connection.outgoing.put_nowait(self._disconnect(reason))
        self.world.changes.announce()

    def drop(self) -> None:
        """Connections break without a word."""
        for connection in list(self.connections):
            connection.retiring = True
            connection.abort()

    def fall_silent(self) -> None:
        """Nothing comes through the connections there are, in either direction, until the bot opens others."""
        for connection in self.connections:
            connection.silent = True

    def _close(self, leaving: list[Connection]) -> None:
        for connection in leaving:
            if connection in self.connections:
                connection.retiring = True
                connection.outgoing.put_nowait(self._disconnect("refresh_requested"))

    def _hello(self) -> dict[str, Any]:
        debug = {"host": "applink-fake", "build_number": 10, "approximate_connection_time": 18060}
        about = {"num_connections": len(self.connections), "connection_info": {"app_id": self.world.app.id}}
        return {"type": "hello", "debug_info": debug} | about

    def _disconnect(self, reason: str) -> dict[str, Any]:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake"}}


def _accepts_payload(delivery: Delivery) -> bool:
    submission = delivery.payload.get("type") in ("view_submission", "block_suggestion")
    return delivery.kind is Kind.COMMAND or submission
