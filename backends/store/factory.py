"""From settings to the store."""

from __future__ import annotations

from pathlib import Path

from backends.store.protocol import Store
from backends.store.sqlite import SqliteStore
from config.settings import DynamoStoreSettings, Settings


async def open_store(settings: Settings) -> Store:
    """The one the settings ask for, made if need be. Raises InvalidSettings."""
    if isinstance(settings.store, DynamoStoreSettings):
        return await _open_table(settings.store)
    return await SqliteStore.open(_file_of(settings))


async def open_kept_store(settings: Settings) -> Store | None:
    """The same for who only reads: None where nothing was ever kept. Raises InvalidSettings."""
    if isinstance(settings.store, DynamoStoreSettings) or _file_of(settings).is_file():
        return await open_store(settings)
    return None


async def _open_table(store: DynamoStoreSettings) -> Store:
    # Imported only here: without DynamoDB, nobody waits for its library.
    from backends.store.dynamodb.store import DynamoStore

    return await DynamoStore.open(store.table, store.region, store.profile)


def _file_of(settings: Settings) -> Path:
    return settings.data_dir / "inkling.db"
