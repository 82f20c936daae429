"""Who likes which result better than the one it is compared with."""

from __future__ import annotations

from backends.store.sqlite_database import Database

_CAST = "INSERT INTO votes SELECT id, ? FROM requests WHERE id = ?"
_TAKE_BACK = "DELETE FROM votes WHERE user_id = ? AND request_id = ?"
_TAKE_BACK_ALL = """
    DELETE FROM votes WHERE user_id = ? AND request_id IN (
        SELECT id FROM requests WHERE group_id = (SELECT group_id FROM requests WHERE id = ?)
    )
"""


class VoteTable:
    """The part of the store that holds votes. Rows go with their request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def vote(self, request_id: str, user_id: str, voted: bool) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(_TAKE_BACK_ALL if voted else _TAKE_BACK, (user_id, request_id))
            if voted:
                await transaction.execute(_CAST, (user_id, request_id))

    async def votes(self, request_id: str) -> frozenset[str]:
        rows = await self._database.fetch("SELECT user_id FROM votes WHERE request_id = ?", (request_id,))
        return frozenset(row["user_id"] for row in rows)
