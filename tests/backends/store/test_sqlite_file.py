"""The file: who may read it, how it is made durable, and what is said when it can't be used."""

# ruff: noqa: ASYNC240 (small local files, and nobody else waits)

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from backends.store.protocol import Store, StoreFailed
from backends.store.sqlite import SqliteStore
from backends.store.sqlite_database import Database
from backends.store.sqlite_schema import APPLICATION_ID, MIGRATIONS
from config.errors import InvalidSettings
from tests.fakes.records import HERE, make_entry, make_finished_sample, make_outcome, make_request

NEWER = (*MIGRATIONS, ("ALTER TABLE requests ADD COLUMN mood TEXT", "CREATE TABLE moods (name TEXT)"))
BROKEN = (*MIGRATIONS, ("CREATE TABLE moods (name TEXT)", "ALTER TABLE nowhere ADD COLUMN mood TEXT"))

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "inkling.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = await SqliteStore.open(path)
    yield store
    await store.aclose()


def ask(path: Path, sql: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchone()[0]


async def refusal(path: Path) -> str:
    with pytest.raises(InvalidSettings) as caught:
        await SqliteStore.open(path)
    return caught.value.sentence


async def make_file(path: Path) -> None:
    await (await SqliteStore.open(path)).aclose()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestCare:
    async def test_only_the_owner_can_read_it(self, store: Store, path: Path) -> None:
        await store.accept(make_request())
        assert mode(path.parent) == 0o700
        files = list(path.parent.iterdir())
        assert {file.name for file in files} == {"inkling.db", "inkling.db-wal", "inkling.db-shm"}
        assert {mode(file) for file in files} == {0o600}

    async def test_a_folder_that_is_there_keeps_its_mode(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o750)
        await make_file(tmp_path / "inkling.db")
        assert mode(tmp_path) == 0o750

    async def test_each_commit_reaches_the_disk(self, path: Path) -> None:
        database = await Database.open(path)
        found = {
            name: (await database.fetch(f"PRAGMA {name}"))[0][0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
        await database.aclose()
        assert found == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "secure_delete": 1,
            "busy_timeout": 10_000,
        }

    async def test_closing_leaves_one_file(self, store: Store, path: Path) -> None:
        await store.accept(make_request())
        await store.aclose()
        assert [file.name for file in path.parent.iterdir()] == ["inkling.db"]

    @pytest.mark.parametrize(
        "erase",
        [
            lambda store, record: store.delete(record.id),
            lambda store, record: store.erase_user(record.workspace, record.requester_id),
            lambda store, record: store.purge(record.workspace, record.created_at.replace(year=2999)),
        ],
        ids=["delete", "erase_user", "purge"],
    )
    async def test_erased_text_is_in_no_file(
        self, store: Store, path: Path, erase: Callable[..., Awaitable[object]]
    ) -> None:
        record = make_request(prompt="my secret " * 2000)
        await store.accept(record)
        await store.finish(record.id, make_outcome(), [make_finished_sample(record, text="my secret ending")])
        assert b"my secret" in read_all(path.parent)
        await erase(store, record)
        assert b"my secret" not in read_all(path.parent)

    async def test_memory_is_private(self) -> None:
        one, other = await SqliteStore.open(None), await SqliteStore.open(None)
        await one.accept(make_request())
        assert await other.open_requests() == ()
        await one.aclose()
        await other.aclose()


def read_all(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


class TestMigrations:
    async def test_a_new_file_gets_the_newest_version(self, path: Path) -> None:
        await make_file(path)
        assert ask(path, "PRAGMA user_version") == len(MIGRATIONS)
        assert ask(path, "PRAGMA application_id") == APPLICATION_ID

    async def test_an_empty_file_is_a_new_one(self, tmp_path: Path) -> None:
        path = tmp_path / "inkling.db"
        path.touch()
        await make_file(path)
        assert ask(path, "PRAGMA user_version") == len(MIGRATIONS)

    async def test_opening_again_changes_nothing(self, path: Path) -> None:
        await make_file(path)
        before = path.read_bytes()
        await make_file(path)
        assert path.read_bytes() == before

    async def test_an_older_file_keeps_its_rows(self, store: Store, path: Path) -> None:
        await store.accept(make_request())
        await store.aclose()
        await (await Database.open(path, NEWER)).aclose()
        assert ask(path, "PRAGMA user_version") == len(NEWER)
        assert ask(path, "SELECT count(*) FROM requests WHERE mood IS NULL") == 1

    async def test_a_step_that_fails_leaves_no_trace(self, path: Path) -> None:
        await make_file(path)
        with pytest.raises(InvalidSettings):
            await Database.open(path, BROKEN)
        assert ask(path, "PRAGMA user_version") == len(MIGRATIONS)
        assert ask(path, "SELECT count(*) FROM sqlite_master WHERE name = 'moods'") == 0
        await make_file(path)

    async def test_many_open_a_new_file_at_once(self, tmp_path: Path) -> None:
        for number in range(10):
            path = tmp_path / f"{number}.db"
            stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(5)))
            await asyncio.gather(*(store.accept(make_request()) for store in stores))
            assert len(await stores[0].open_requests()) == 5
            await asyncio.gather(*(store.aclose() for store in stores))


class TestRefusals:
    async def test_newer_version(self, path: Path) -> None:
        await (await Database.open(path, NEWER)).aclose()
        before = path.read_bytes()
        assert await refusal(path) == (
            f"{path} was written by a newer Inkling (its version is {len(NEWER)}, I know {len(MIGRATIONS)}); "
            "update Inkling or set another data_dir."
        )
        assert path.read_bytes() == before

    async def test_not_a_database(self, tmp_path: Path) -> None:
        path = tmp_path / "inkling.db"
        path.write_text("Dear diary, " * 100)
        before = path.read_bytes()
        assert await refusal(path) == (f"{path} is not an Inkling database; move it away or set another data_dir.")
        assert path.read_bytes() == before

    async def test_another_programs_database(self, tmp_path: Path) -> None:
        path = tmp_path / "inkling.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmarks (url TEXT)")
        before = path.read_bytes()
        assert await refusal(path) == (f"{path} is not an Inkling database; move it away or set another data_dir.")
        assert path.read_bytes() == before

    async def test_damaged(self, store: Store, path: Path) -> None:
        for _ in range(50):
            await store.accept(make_request(prompt="word " * 500))
        await store.aclose()
        content = bytearray(path.read_bytes())
        content[8192:-8192] = b"\xa5" * (len(content) - 16384)
        path.write_bytes(content)
        assert await refusal(path) == (f"{path} is damaged; put a backup in its place, or move it away to start anew.")

    async def test_cut_short(self, store: Store, path: Path) -> None:
        for _ in range(50):
            await store.accept(make_request(prompt="word " * 500))
        await store.aclose()
        os.truncate(path, path.stat().st_size // 2)
        assert "is damaged; put a backup in its place" in await refusal(path)

    async def test_a_folder_where_the_file_should_be(self, path: Path) -> None:
        path.mkdir(parents=True)
        assert await refusal(path) == (
            f"{path} is a folder, and I need a file there; move it away or set another data_dir."
        )

    async def test_a_file_where_the_folder_should_be(self, path: Path) -> None:
        path.parent.write_text("")
        wanted = "can't be made because a part of its path is a file; set another data_dir."
        assert await refusal(path) == f"{path} {wanted}"
        assert await refusal(path.parent / "deeper" / "inkling.db") == f"{path.parent}/deeper/inkling.db {wanted}"

    @needs_permissions
    async def test_a_folder_that_may_not_be_written(self, tmp_path: Path) -> None:
        await make_file(tmp_path / "there.db")
        tmp_path.chmod(0o500)
        for name in ("new.db", "there.db"):
            sentence = await refusal(tmp_path / name)
            assert sentence.startswith(f"{tmp_path / name} can't be")
        tmp_path.chmod(0o700)

    @needs_permissions
    async def test_a_file_that_may_not_be_written(self, path: Path) -> None:
        await make_file(path)
        path.chmod(0o400)
        assert (await refusal(path)).startswith(f"{path} can't be opened and written; check its owner")

    async def test_held_by_another_program(self, path: Path) -> None:
        await make_file(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(InvalidSettings, match="is held by another program; stop that one"):
                await Database.open(path, busy_timeout_s=0.05)


class TestTrouble:
    async def test_a_lock_that_lasts_is_told(self, path: Path) -> None:
        store = SqliteStore(await Database.open(path, busy_timeout_s=0.05))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreFailed, match="another program holds the database"):
                await store.accept(make_request())
            assert await store.open_requests() == ()
            other.execute("ROLLBACK")
        assert (await store.accept(make_request())).created
        await store.aclose()

    async def test_a_full_disk_is_told_and_undone(self, path: Path) -> None:
        database = await Database.open(path)
        store = SqliteStore(database)
        pages = (await database.fetch("PRAGMA page_count"))[0][0]
        await database.fetch(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreFailed, match=r"^I can't save or look things up now: the disk is full\."):
            await store.accept(make_request(prompt="word " * 50_000))
        assert await store.open_requests() == ()
        assert (await store.accept(make_request())).created
        await store.aclose()

    async def test_settings_and_audit_are_saved_together(self, path: Path) -> None:
        database = await Database.open(path)
        store = SqliteStore(database)
        async with database.transaction() as transaction:
            await transaction.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END")
        settings = (await store.workspace(HERE)).settings
        with pytest.raises(sqlite3.IntegrityError):
            await store.save_workspace(HERE, settings, 0, make_entry())
        assert (await store.workspace(HERE)).version == 0
        await store.aclose()

    async def test_a_cancelled_opening_lets_go(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        for number in range(20):
            opening = asyncio.create_task(SqliteStore.open(path))
            loop.call_later(number * 0.0002, opening.cancel)
            for opened in await asyncio.gather(opening, return_exceptions=True):
                if isinstance(opened, SqliteStore):
                    await opened.aclose()
        await make_file(path)
        assert [file.name for file in path.parent.iterdir()] == ["inkling.db"]

    async def test_a_cancelled_closing_closes(self, path: Path) -> None:
        store = await SqliteStore.open(path)
        closing_task = asyncio.create_task(store.aclose())
        await asyncio.sleep(0)
        closing_task.cancel()
        await asyncio.gather(closing_task, return_exceptions=True)
        await store.aclose()
        assert [file.name for file in path.parent.iterdir()] == ["inkling.db"]
