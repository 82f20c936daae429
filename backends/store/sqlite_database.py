"""One SQLite file behind one connection: opened with care, one transaction at a time, closed for good."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import aiosqlite

from backends.store.protocol import StoreFailed
from backends.store.sqlite_errors import broken_file, is_busy, reported, reported_on_opening
from backends.store.sqlite_migrations import migrate
from backends.store.sqlite_schema import MIGRATIONS, Migration

SqlValue = str | int | float | None
SqlValues = Sequence[SqlValue] | Mapping[str, SqlValue]

BUSY_TIMEOUT_S = 10.0
"""How long a write waits for another process's write."""

# fullfsync: on macOS a plain fsync leaves data in the drive's cache; elsewhere it changes nothing.
_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
)


class Transaction:
    """Statements that happen together or not at all."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, values: SqlValues = ()) -> int:
        """Run a statement; returns how many rows it changed."""
        cursor = await self._connection.execute(sql, values)
        return cursor.rowcount

    async def execute_many(self, sql: str, rows: Iterable[SqlValues]) -> None:
        await self._connection.executemany(sql, rows)

    async def fetch(self, sql: str, values: SqlValues = ()) -> list[sqlite3.Row]:
        return list(await self._connection.execute_fetchall(sql, values))


class Database:
    """Use `open`. Everything raises StoreFailed when the disk or another program is in the way, and after closing."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        # One connection has one transaction; without this lock coroutines would write into each other's.
        self._turn = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        path: Path | None,
        migrations: Sequence[Migration] = MIGRATIONS,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """Open or make the file, 0600 in a folder of 0700; None: in memory. InvalidSettings if it can't be used."""
        name = "The database in memory" if path is None else str(path)
        with reported_on_opening(name):
            if path is not None:
                _create(path)
            connection = await aiosqlite.connect(
                path or ":memory:", timeout=busy_timeout_s, isolation_level=None, cached_statements=256
            )
            try:
                await _prepare(connection, name, migrations, busy_timeout_s)
            except BaseException:
                await connection.close()
                raise
        return cls(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Committed, and on the disk, when the block ends; undone when it raises or is cancelled."""
        async with self._own_turn():
            try:
                await self._connection.execute("BEGIN IMMEDIATE")
                yield Transaction(self._connection)
                await self._connection.commit()
            except BaseException:
                # The connection works in the order of asking: even if this wait is cancelled too,
                # the rollback comes before the next transaction's first statement.
                await self._connection.rollback()
                raise

    async def fetch(self, sql: str, values: SqlValues = ()) -> list[sqlite3.Row]:
        """Rows as of the last transaction that ended."""
        async with self._own_turn():
            return await Transaction(self._connection).fetch(sql, values)

    async def scrub(self) -> None:
        """Take erased text out of the write-ahead log too. Another process that reads just now puts this off."""
        async with self._own_turn():
            await self._connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")

    @asynccontextmanager
    async def _own_turn(self) -> AsyncIterator[None]:
        async with self._turn:
            if self._closing is not None:
                raise StoreFailed("The store is closed.")
            with reported():
                yield

    async def aclose(self) -> None:
        """Finish the transaction that runs, refuse those that wait, and leave one tidy file. May be called again."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="close the store")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            async with self._turn:
                pass
        finally:
            # Even when cancelled: the connection's thread would keep the process alive. SQLite moves the log
            # into the file here, and removes it.
            await self._connection.close()


def _create(path: Path) -> None:
    """SQLite would make the file readable for all; its log and index files take over the mode given here."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))


async def _prepare(
    connection: aiosqlite.Connection, name: str, migrations: Sequence[Migration], busy_timeout_s: float
) -> None:
    connection.row_factory = sqlite3.Row
    await migrate(connection, name, migrations)
    await _enter_wal_mode(connection, busy_timeout_s)
    for pragma in _PRAGMAS:
        await connection.execute_fetchall(pragma)
    (found,) = await connection.execute_fetchall("PRAGMA quick_check(1)")
    if found[0] != "ok":
        raise broken_file(name)


async def _enter_wal_mode(connection: aiosqlite.Connection, patience_s: float) -> None:
    """SQLite refuses this at once, without its busy timeout, while another process opens the file."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        else:
            return
        await connection.execute("BEGIN IMMEDIATE")  # waits for that process
        await connection.rollback()
