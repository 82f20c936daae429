"""What SQLite complains about, in words: for the operator when the file is opened, for everybody later."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from backends.store.protocol import StoreFailed
from config.errors import InvalidSettings

log = structlog.get_logger(__name__)

_BROKEN = "is damaged; put a backup in its place, or move it away to start anew"
_FOREIGN = "is not an Inkling database; move it away or set another data_dir"
_LOCKED = "is held by another program; stop that one and start me again"
_UNUSABLE = "can't be opened and written; check its owner and permissions, and those of its folder"
_READ_ONLY = "can't be written; make the file and its folder writable, or set another data_dir"

_ON_OPENING: Mapping[int, str] = {
    sqlite3.SQLITE_NOTADB: _FOREIGN,
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_FULL: "can't grow because the disk is full; free some space and start me again",
}

_LATER: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_LOCKED: "another program holds the database",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the database can't be written",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_NOTADB: "the database is damaged",
}


_SYSTEM: Mapping[type[OSError], str] = {
    IsADirectoryError: "is a folder, and I need a file there; move it away or set another data_dir",
    NotADirectoryError: "can't be made because a part of its path is a file; set another data_dir",
    FileExistsError: "can't be made because a part of its path is a file; set another data_dir",
}


def foreign_file(path: str) -> InvalidSettings:
    return InvalidSettings(f"{path} {_FOREIGN}.")


def broken_file(path: str) -> InvalidSettings:
    return InvalidSettings(f"{path} {_BROKEN}.")


def newer_file(path: str, version: int, known: int) -> InvalidSettings:
    return InvalidSettings(
        f"{path} was written by a newer Inkling (its version is {version}, I know {known}); "
        "update Inkling or set another data_dir."
    )


@contextmanager
def reported_on_opening(path: str) -> Iterator[None]:
    """Turn SQLite's and the system's refusals into InvalidSettings that name the file."""
    try:
        yield
    except OSError as error:
        raise InvalidSettings(f"{path} {_SYSTEM.get(type(error), _UNUSABLE)}.") from error
    except sqlite3.OperationalError as error:
        raise InvalidSettings(f"{path} {_ON_OPENING.get(_code(error), _UNUSABLE)}.") from error
    except sqlite3.DatabaseError as error:
        raise InvalidSettings(f"{path} {_ON_OPENING.get(_code(error), _BROKEN)}.") from error


@contextmanager
def reported() -> Iterator[None]:
    """Turn what can befall a good program (full disk, lock, damage) into StoreFailed; our own slips stay."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = _code(error)
        if code not in _LATER:
            raise
        log.error("store.failed", reason=getattr(error, "sqlite_errorname", str(error)))
        raise StoreFailed(f"I can't save or look things up now: {_LATER[code]}. Please tell who runs me.") from error


def is_busy(error: sqlite3.OperationalError) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: BaseException) -> int:
    """SQLite's primary result code; 0 when the error has none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
