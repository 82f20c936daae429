"""Which message on a platform belongs to which request."""

from __future__ import annotations

from backends.store.records import PostRecord
from backends.store.sqlite_database import Database
from config.workspace import WorkspaceRef

_SAVE = """
    INSERT INTO posts (front, workspace_id, address, request_id, sample, part)
    SELECT front, workspace_id, ?, id, ?, ? FROM requests WHERE id = ?
    ON CONFLICT (front, workspace_id, address) DO NOTHING
"""
_COLUMNS = "request_id, address, sample, part"


class PostTable:
    """The part of the store that finds results by their messages. Rows go with their request."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_post(self, post: PostRecord) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(_SAVE, (post.address, post.sample, post.part, post.request_id))

    async def posts(self, request_id: str) -> tuple[PostRecord, ...]:
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM posts WHERE request_id = ? ORDER BY number", (request_id,)
        )
        return tuple(PostRecord(*row) for row in rows)

    async def post_at(self, ref: WorkspaceRef, address: str) -> PostRecord | None:
        rows = await self._database.fetch(
            f"SELECT {_COLUMNS} FROM posts WHERE front = ? AND workspace_id = ? AND address = ?",
            (ref.front, ref.id, address),
        )
        return PostRecord(*next(iter(rows))) if rows else None
