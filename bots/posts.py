"""The messages a front shows its results in, remembered across restarts."""

from __future__ import annotations

from backends.store.protocol import Store
from backends.store.records import PostRecord
from config.workspace import WorkspaceRef


class Posts:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def remember(self, post: PostRecord) -> None:
        await self._store.save_post(post)

    async def of(self, request_id: str) -> tuple[PostRecord, ...]:
        """In the order they were posted; of two for the same part of the same sample, the later one holds."""
        return await self._store.posts(request_id)

    async def again_emoji(self, workspace: WorkspaceRef) -> str:
        """The reaction that makes this server's results try again."""
        return (await self._store.workspace(workspace)).settings.regenerate_emoji
