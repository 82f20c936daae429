from __future__ import annotations

from pathlib import Path

from backends.store.sqlite import SqliteStore
from tests.fakes.old_files import write_old_file
from tests.fakes.records import NOW, make_outcome, make_request


async def test_what_had_ended_before_ends_were_marked_counts_as_shown(tmp_path: Path) -> None:
    path = tmp_path / "inkling.db"
    old, still_open = make_request(status="done", finished_at=NOW), make_request()
    await write_old_file(path, 1, (old, still_open))

    store = await SqliteStore.open(path)
    assert await store.undelivered(NOW) == ()
    await store.finish(still_open.id, make_outcome(), ())
    assert [record.id for record in await store.undelivered(NOW)] == [still_open.id]
    await store.aclose()
