from __future__ import annotations

from pathlib import Path

from backends.store.sqlite import SqliteStore
from backends.store.sqlite_database import Database
from backends.store.sqlite_rows import request_values
from backends.store.sqlite_schema import MIGRATIONS
from tests.fakes.records import NOW, make_outcome, make_request


async def test_what_had_ended_before_ends_were_marked_counts_as_shown(tmp_path: Path) -> None:
    path = tmp_path / "inkling.db"
    old, still_open = make_request(status="done", finished_at=NOW), make_request()
    database = await Database.open(path, MIGRATIONS[:1])
    async with database.transaction() as transaction:
        for record in (old, still_open):
            values = request_values(record)
            places = ", ".join(f":{name}" for name in values)
            await transaction.execute(f"INSERT INTO requests ({', '.join(values)}) VALUES ({places})", values)
    await database.aclose()

    store = await SqliteStore.open(path)
    assert await store.undelivered(NOW) == ()
    await store.finish(still_open.id, make_outcome(), ())
    assert [record.id for record in await store.undelivered(NOW)] == [still_open.id]
    await store.aclose()
