"""Files as an earlier Inkling wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backends.store.record_values import request_values
from backends.store.records import RequestRecord
from backends.store.sqlite_database import Database
from backends.store.sqlite_schema import MIGRATIONS


async def write_old_file(path: Path, version: int, records: Sequence[RequestRecord]) -> None:
    """These requests in a file of that version, without what it didn't keep."""
    database = await Database.open(path, MIGRATIONS[:version])
    known = {row["name"] for row in await database.fetch("PRAGMA table_info(requests)")}
    async with database.transaction() as transaction:
        for record in records:
            values = {name: value for name, value in request_values(record).items() if name in known}
            places = ", ".join(f":{name}" for name in values)
            await transaction.execute(f"INSERT INTO requests ({', '.join(values)}) VALUES ({places})", values)
    await database.aclose()
