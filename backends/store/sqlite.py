"""The embedded store: one SQLite file, durable at every return, shared safely by several processes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from backends.store.protocol import Store
from backends.store.records import Usage
from backends.store.sqlite_database import Database
from backends.store.sqlite_installations import InstallationTables
from backends.store.sqlite_people import PeopleTables
from backends.store.sqlite_posts import PostTable
from backends.store.sqlite_requests import RequestTables
from backends.store.sqlite_rows import read_usage
from backends.store.sqlite_settings import SettingsTables
from backends.store.sqlite_votes import VoteTable
from backends.store.values import hour_of
from config.workspace import WorkspaceRef

_USAGE = """
    SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(samples), 0) AS samples,
           coalesce(sum(completion_tokens), 0) AS completion_tokens, coalesce(sum(busy_s), 0.0) AS busy_s
    FROM usage WHERE front = ? AND workspace_id = ? AND hour >= ?
"""


class SqliteStore(SettingsTables, RequestTables, PostTable, VoteTable, PeopleTables, InstallationTables, Store):
    """See the protocol for what each call does."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)

    @classmethod
    async def open(cls, path: Path | None) -> Self:
        """The store in this file, made if need be; None: in memory, gone when closed.

        InvalidSettings, naming the path and what to do, if the file can't be used.
        """
        return cls(await Database.open(path))

    async def usage(self, ref: WorkspaceRef, since: datetime) -> Usage:
        (row,) = await self._database.fetch(_USAGE, (ref.front, ref.id, hour_of(since)))
        return read_usage(row)

    async def stay(self) -> bool:
        """One bot at a time has the file."""
        return False

    async def leave(self) -> None:
        """Nobody waits for it."""

    async def take(self, request_ids: Sequence[str], own_too: bool) -> frozenset[str]:
        return frozenset(request_ids if own_too else ())

    async def aclose(self) -> None:
        await self._database.aclose()
