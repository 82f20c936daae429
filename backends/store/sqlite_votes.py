"""Who likes which result better than the one it is compared with."""

from __future__ import annotations

from backends.store.sqlite_database import Database


class VoteTable:
    """The part of the store that holds votes. Rows go with their request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vote(self, request_id: str, user_id: str, voted: bool) -> None:
        cast = "INSERT OR IGNORE INTO votes SELECT id, ? FROM requests WHERE id = ?"
        take_back = "DELETE FROM votes WHERE user_id = ? AND request_id = ?"
        async with self._database.transaction() as transaction:
            await transaction.execute(cast if voted else take_back, (user_id, request_id))

    async def votes(self, request_id: str) -> frozenset[str]:
        rows = await self._database.fetch("SELECT user_id FROM votes WHERE request_id = ?", (request_id,))
        return frozenset(row["user_id"] for row in rows)
