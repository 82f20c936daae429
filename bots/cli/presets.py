"""The page's presets, for `inkling complete --preset`."""

from __future__ import annotations

from backends.store.factory import open_kept_store
from backends.store.protocol import Store
from bots.web.identity import WORKSPACE as PAGE
from bots.web.identity import YOU as PAGE_USER
from config.settings import Settings
from config.workspace import WorkspaceRef


async def borrow_presets(settings: Settings, store: Store, workspace: WorkspaceRef, user_id: str) -> None:
    """Copy what was saved on the page, where there is one, into `store` as that user's own."""
    saved = await open_kept_store(settings)
    if saved is None:
        return
    try:
        shared = (await saved.workspace(PAGE)).settings.presets
        for name, overrides in {**shared, **await saved.presets(PAGE, PAGE_USER.id)}.items():
            await store.save_preset(workspace, user_id, name, overrides)
    finally:
        await saved.aclose()
