"""The page's presets, for `inkling complete --preset`."""

from __future__ import annotations

from backends.store.protocol import Store
from backends.store.sqlite import SqliteStore
from bots.database import database_path
from bots.web.identity import WORKSPACE as PAGE
from bots.web.identity import YOU as PAGE_USER
from config.settings import Settings
from config.workspace import WorkspaceRef


async def borrow_presets(settings: Settings, store: Store, workspace: WorkspaceRef, user_id: str) -> None:
    """Copy what was saved on the page, where there is one, into `store` as that user's own."""
    path = database_path(settings)
    if not path.is_file():
        return
    saved = await SqliteStore.open(path)
    try:
        shared = (await saved.workspace(PAGE)).settings.presets
        for name, overrides in {**shared, **await saved.presets(PAGE, PAGE_USER.id)}.items():
            await store.save_preset(workspace, user_id, name, overrides)
    finally:
        await saved.aclose()
