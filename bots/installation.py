"""One running Inkling: its store, backends, core and fronts, opened in order and closed in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from backends.factory import Backends
from backends.protocol import Backend
from backends.store.factory import open_store
from bots.core import Core
from bots.fronts import StartedFront, start_fronts
from config.errors import InvalidSettings
from config.settings import Settings

_ADDRESS = "page-address"


@dataclass(frozen=True, slots=True)
class Installation:
    core: Core
    backend: Backend
    """The default one, which has begun to get ready."""
    fronts: tuple[StartedFront, ...]


@asynccontextmanager
async def open_installation(settings: Settings) -> AsyncIterator[Installation]:
    """Everything up. Open requests stay in the store when it ends. Raises InvalidSettings, with nothing left open."""
    async with AsyncExitStack() as closing:
        closing.callback(_lock(settings).release)
        store = await open_store(settings)
        closing.push_async_callback(store.aclose)
        backends = Backends.from_settings(settings)
        closing.push_async_callback(backends.aclose)
        core = Core(settings, store, backends)
        closing.push_async_callback(core.aclose)
        fronts = await closing.enter_async_context(start_fronts(core, settings))
        _note_address(settings, fronts)
        await backends.start_default()
        yield Installation(core, backends.default, fronts)


def _note_address(settings: Settings, fronts: tuple[StartedFront, ...]) -> None:
    """For who starts another one beside this."""
    pages = [front.address for front in fronts if front.name == "page"]
    (settings.data_dir / _ADDRESS).write_text(pages[0] if pages else "", encoding="utf-8")


def _other_page(folder: Path) -> str:
    """Where the page of the one that runs is; it may have died before it said so."""
    try:
        address = (folder / _ADDRESS).read_text(encoding="utf-8")
    except OSError:
        return ""
    return f", its page at {address}" if address else ""


def _lock(settings: Settings) -> FileLock:
    """Two of them would both take up the same open requests."""
    folder = settings.data_dir
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(folder / "inkling.lock")
        lock.acquire(timeout=0)
        (folder / _ADDRESS).unlink(missing_ok=True)
    except Timeout as error:
        raise InvalidSettings(
            f"Another Inkling runs with data_dir {folder}{_other_page(folder)}. Stop it, or give this one a folder of "
            "its own, in data_dir or INKLING_DATA_DIR."
        ) from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InvalidSettings(f"I can't keep anything in data_dir {folder} ({reason}).") from error
    return lock
