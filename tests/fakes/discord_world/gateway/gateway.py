"""The gateway: opening and resuming sessions, heartbeats, and who hears of what."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.fakes.discord_world.gateway.intents import KNOWN, PRIVILEGED, Intent, needed
from tests.fakes.discord_world.gateway.session import (
    ACK,
    HEARTBEAT,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    RECONNECT,
    RESUME,
    Connection,
    Session,
)
from tests.fakes.discord_world.permissions import Permission

if TYPE_CHECKING:
    from tests.fakes.discord_world.guilds import Guild
    from tests.fakes.discord_world.interactions import Interaction
    from tests.fakes.discord_world.world import World

SENDS_PER_MINUTE, LARGEST_PAYLOAD = 120, 4096
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = range(4001, 4006)
INVALID_SEQ, RATE_LIMITED, INVALID_SHARD, INVALID_INTENTS, DISALLOWED_INTENTS = 4007, 4008, 4010, 4013, 4014
# Asking for HELLO's own interval rarely matters to a test; a short one makes heartbeats happen in one.
HEARTBEAT_MS = 41_250


class Gateway:
    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: list[Session] = []
        self.connections: list[Connection] = []
        self.identifies: list[dict[str, Any]] = []
        self.resumes = 0
        self.heartbeats = 0
        self.heartbeat_ms = HEARTBEAT_MS
        self.answers_heartbeats = True
        self.allowed_intents = KNOWN & ~int(PRIVILEGED)
        self.shards = 1
        self.closed_with: list[int] = []
        """Codes that this side closed connections with because of what the client did."""

    # What tests do to the connection.

    def drop(self) -> None:
        for connection in list(self.connections):
            connection.drop()

    def close(self, code: int = 4000) -> None:
        for connection in list(self.connections):
            connection.close_with(code)

    def ask_to_reconnect(self) -> None:
        for connection in list(self.connections):
            connection.send(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        for session in self.sessions:
            session.lost = session.lost or not resumable
        for connection in list(self.connections):
            connection.send(INVALID_SESSION, resumable)

    def forget_sessions(self) -> None:
        """As after a long absence: resuming is refused."""
        for session in self.sessions:
            session.lost = True

    # What the world tells.

    def dispatch(self, event: str, data: dict[str, Any], guild: Guild | None) -> None:
        if not self._reaches_bot(data, guild):
            return
        wanted = 0 if self._about_itself(event, data) else needed(event, guild is not None)
        for session in self.sessions:
            heard = not session.lost and session.hears_of(guild.id if guild else None)
            if heard and (not wanted or session.intents & wanted):
                session.dispatch(event, self._as_heard(session, event, data))

    def _about_itself(self, event: str, data: dict[str, Any]) -> bool:
        """A bot hears of its own roles without asking for members."""
        return event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] == str(self.world.bot.id)

    def _reaches_bot(self, data: dict[str, Any], guild: Guild | None) -> bool:
        """What happens in channels that the bot may not view is kept from it."""
        if guild is not None and not guild.has_bot:
            return False
        channel = self.world.channels.get(int(data.get("channel_id", 0)))
        return channel is None or bool(self.world.permissions_of(self.world.bot, channel) & Permission.VIEW_CHANNEL)

    def deliver(self, interaction: Interaction) -> None:
        guild = interaction.channel.guild
        for session in self.sessions:
            if not session.lost and session.hears_of(guild.id if guild else None):
                session.dispatch("INTERACTION_CREATE", interaction.payload())

    def _as_heard(self, session: Session, event: str, data: dict[str, Any]) -> dict[str, Any]:
        """Others' words are blanked for those without the content intent, except in direct messages."""
        if event not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or session.intents & Intent.MESSAGE_CONTENT:
            return data
        bot = str(self.world.bot.id)
        mentioned = any(each["id"] == bot for each in data["mentions"])
        if data["author"]["id"] == bot or mentioned or "guild_id" not in data:
            return data
        return data | {"content": "", "embeds": [], "components": [], "attachments": []}

    # What the client sends.

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, compressed=request.query.get("compress") == "zlib-stream")
        self.connections.append(connection)
        connection.send(HELLO, {"heartbeat_interval": self.heartbeat_ms, "_trace": []})
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not self._receive(connection, message.data):
                    break
        finally:
            await self._disconnected(connection)
        return socket

    def _receive(self, connection: Connection, text: str) -> bool:
        """False ends the connection."""
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            return self._refuse(connection, DECODE_ERROR, "a payload that is not JSON")
        if len(text.encode()) > LARGEST_PAYLOAD:
            return self._refuse(connection, DECODE_ERROR, f"a payload of more than {LARGEST_PAYLOAD} bytes")
        if self._overrun(connection):
            return self._refuse(connection, RATE_LIMITED, f"more than {SENDS_PER_MINUTE} payloads in a minute")
        if op == HEARTBEAT:
            return self._heartbeat(connection)
        if op == IDENTIFY:
            return self._identify(connection, data)
        if op == RESUME:
            return self._resume(connection, data)
        if connection.session is None:
            return self._refuse(connection, NOT_AUTHENTICATED, f"opcode {op} before IDENTIFY")
        return op in (3, 4, 8, 31) or self._refuse(connection, UNKNOWN_OPCODE, f"unknown opcode {op}")

    def _refuse(self, connection: Connection, code: int, reason: str) -> bool:
        self.world.violated("GATEWAY", "", reason)
        self.closed_with.append(code)
        connection.close_with(code)
        return False

    def _overrun(self, connection: Connection) -> bool:
        now = self.world.clock.now()
        connection.sent_at = [each for each in connection.sent_at if now - each < 60] + [now]
        return len(connection.sent_at) > SENDS_PER_MINUTE

    def _heartbeat(self, connection: Connection) -> bool:
        self.heartbeats += 1
        if self.answers_heartbeats:
            connection.send(ACK)
        self.world.changes.announce()
        return True

    def _identify(self, connection: Connection, data: dict[str, Any]) -> bool:
        self.identifies.append(data)
        intents, shard = data.get("intents"), tuple(data.get("shard", (0, 1)))
        if connection.session is not None:
            return self._refuse(connection, ALREADY_AUTHENTICATED, "IDENTIFY twice")
        if not self._knows(data):
            return self._refuse(connection, AUTHENTICATION_FAILED, "IDENTIFY with a wrong token")
        if not isinstance(intents, int) or intents & ~KNOWN:
            return self._refuse(connection, INVALID_INTENTS, f"IDENTIFY with invalid intents {intents}")
        if intents & ~self.allowed_intents:
            return self._refuse(connection, DISALLOWED_INTENTS, f"IDENTIFY with privileged intents {intents}")
        if len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            return self._refuse(connection, INVALID_SHARD, f"IDENTIFY with invalid shard {shard}")
        session = Session(secrets.token_hex(16), intents, (shard[0], shard[1]))
        self.sessions = [each for each in self.sessions if each.connection or each.shard != session.shard]
        self.sessions.append(session)
        self._attach(connection, session)
        self._welcome(session)
        return True

    def _knows(self, data: dict[str, Any]) -> bool:
        return str(data.get("token")).removeprefix("Bot ") == self.world.token

    def _attach(self, connection: Connection, session: Session) -> None:
        connection.session, session.connection = session, connection

    def _welcome(self, session: Session) -> None:
        guilds = [each for each in self.world.guilds.values() if each.has_bot and session.hears_of(each.id)]
        me = self.world.bot.payload() | {"verified": True, "mfa_enabled": False, "email": None, "locale": "en-US"}
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": me,
                "guilds": [{"id": str(each.id), "unavailable": True} for each in guilds],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self.world.url.replace("http", "ws", 1) + "/gateway",
                "shard": list(session.shard),
                "application": {"id": str(self.world.bot.id), "flags": 0},
                "private_channels": [],
                "relationships": [],
                "presences": [],
                "guild_join_requests": [],
                "_trace": [],
            },
        )
        for guild in guilds if session.intents & Intent.GUILDS else []:
            session.dispatch("GUILD_CREATE", guild.payload())
        self.world.changes.announce()

    def _resume(self, connection: Connection, data: dict[str, Any]) -> bool:
        self.resumes += 1
        if not self._knows(data):
            return self._refuse(connection, AUTHENTICATION_FAILED, "RESUME with a wrong token")
        session = next((each for each in self.sessions if each.id == data.get("session_id")), None)
        if session is None or session.lost:
            connection.send(INVALID_SESSION, False)
            return True
        if data.get("seq", 0) > session.seq:
            return self._refuse(connection, INVALID_SEQ, "RESUME with a sequence never sent")
        self._attach(connection, session)
        session.replay(data["seq"])
        session.dispatch("RESUMED", {"_trace": []})
        self.world.changes.announce()
        return True

    async def _disconnected(self, connection: Connection) -> None:
        """Closing with 1000 or 1001 ends the session; anything else may be resumed."""
        if connection in self.connections:
            self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            ended = not connection.closed_here and connection.socket.close_code in (1000, 1001)
            session.lost = session.lost or ended
        await connection.finish()
        self.world.changes.announce()
