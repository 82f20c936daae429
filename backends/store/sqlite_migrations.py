"""Brings a file to the newest version, one transaction for each step, whoever else opens it at the same time."""

from __future__ import annotations

from collections.abc import Sequence

import aiosqlite

from backends.store.sqlite_errors import foreign_file, newer_file
from backends.store.sqlite_schema import APPLICATION_ID, Migration


async def migrate(connection: aiosqlite.Connection, name: str, migrations: Sequence[Migration]) -> None:
    """Run the steps the file hasn't seen. InvalidSettings if it is newer than these, or another program's."""
    while await _step(connection, name, migrations):
        pass


async def _step(connection: aiosqlite.Connection, name: str, migrations: Sequence[Migration]) -> bool:
    """Run the next step; False if there is none. The lock comes first: another process may be migrating."""
    try:
        await connection.execute("BEGIN IMMEDIATE")
        version = await _version(connection, name, len(migrations))
        if version == len(migrations):
            await connection.rollback()
            return False
        for statement in migrations[version]:
            await connection.execute(statement)
        await connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        await connection.execute(f"PRAGMA user_version = {version + 1}")
        await connection.commit()
    except BaseException:
        await connection.rollback()
        raise
    return True


async def _version(connection: aiosqlite.Connection, name: str, known: int) -> int:
    application = await _number(connection, "PRAGMA application_id")
    version = await _number(connection, "PRAGMA user_version")
    is_new = not (application or version or await _number(connection, "SELECT count(*) FROM sqlite_master"))
    if application != APPLICATION_ID and not is_new:
        raise foreign_file(name)
    if version > known:
        raise newer_file(name, version, known)
    return version


async def _number(connection: aiosqlite.Connection, sql: str) -> int:
    (row,) = await connection.execute_fetchall(sql)
    return int(row[0])
