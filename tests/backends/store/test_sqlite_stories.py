from __future__ import annotations

from pathlib import Path

from backends.store.records import Parent
from backends.store.sqlite import SqliteStore
from tests.fakes.old_files import write_old_file
from tests.fakes.records import make_request

BEFORE_STORIES, BEFORE_FORKS = 4, 6


async def test_requests_from_before_stories_were_kept_find_theirs(tmp_path: Path) -> None:
    """The last two go on from what was deleted; they still belong together."""
    first = make_request()
    again = make_request(kind="regenerate", group_id=first.id)
    further = make_request(kind="continue", parent=Parent(again.id, 1))
    varied = make_request(kind="vary", group_id=further.id, parent=further.parent)
    other = make_request()
    lost = [make_request(kind="continue", parent=Parent("deleted", 0)) for _ in range(2)]
    records = (first, again, further, varied, other, *lost)
    await write_old_file(tmp_path / "inkling.db", BEFORE_STORIES, records)

    store = await SqliteStore.open(tmp_path / "inkling.db")
    found = [await store.request(record.id) for record in records]
    await store.aclose()
    assert [(each.origin_id, each.story_id) for each in found if each] == [
        (None, first.id),
        (first.id, first.id),
        (again.id, first.id),
        (further.id, first.id),
        (None, other.id),
        ("deleted", "deleted"),
        ("deleted", "deleted"),
    ]


async def test_where_an_older_branch_left_its_parent_nobody_knows(tmp_path: Path) -> None:
    branched = make_request(kind="branch", parent=Parent("the first", 1, 17))
    await write_old_file(tmp_path / "inkling.db", BEFORE_FORKS, [branched])

    store = await SqliteStore.open(tmp_path / "inkling.db")
    found = await store.request(branched.id)
    await store.aclose()
    assert found is not None
    assert found.parent == Parent("the first", 1)
