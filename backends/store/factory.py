"""From settings to the store."""

from __future__ import annotations

from pathlib import Path

from ulid import ULID

from backends.store.protocol import Store
from backends.store.sqlite import SqliteStore
from config.errors import InvalidSettings
from config.settings import DynamoStoreSettings, Settings


async def open_store(settings: Settings) -> Store:
    """The one the settings ask for, made if need be. Raises InvalidSettings."""
    if isinstance(settings.store, DynamoStoreSettings):
        return await _open_table(settings.store, _bot_of(settings))
    return await SqliteStore.open(_file_of(settings))


async def open_kept_store(settings: Settings) -> Store | None:
    """The same for who only reads: None where nothing was ever kept. Raises InvalidSettings."""
    if isinstance(settings.store, DynamoStoreSettings):
        return await _open_table(settings.store)
    return await open_store(settings) if _file_of(settings).is_file() else None


async def _open_table(store: DynamoStoreSettings, bot: str | None = None) -> Store:
    # Imported only here: without DynamoDB, nobody waits for its library.
    from backends.store.dynamodb.store import DynamoStore

    return await DynamoStore.open(store.table, store.region, store.profile, bot)


def _file_of(settings: Settings) -> Path:
    return settings.data_dir / "inkling.db"


def _bot_of(settings: Settings) -> str:
    """This bot's name among those that share a table: the same at every start, so that it goes on with its requests."""
    file = settings.data_dir / "bot-name"
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.is_file():
            file.write_text(str(ULID()), encoding="ascii")
        return file.read_text(encoding="ascii")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InvalidSettings(f"I can't keep my name in {file} ({reason}).") from error
