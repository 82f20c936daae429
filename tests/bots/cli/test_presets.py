"""`--preset` knows what was saved on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backends.store.records import AuditEntry
from backends.store.sqlite import SqliteStore
from bots.core import utc_now
from bots.web.identity import WORKSPACE, YOU
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceSettings
from tests.fakes.command_line import run_inkling


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    store = await SqliteStore.open(tmp_path / "data" / "inkling.db")
    shared = {"poem": SamplingOverrides(length=3), "prose": SamplingOverrides(length=4)}
    entry = AuditEntry(utc_now(), YOU.id, YOU.name, "presets")
    await store.save_workspace(WORKSPACE, WorkspaceSettings(presets=shared), 0, entry)
    await store.save_preset(WORKSPACE, YOU.id, "poem", SamplingOverrides(length=5, top_k=7))
    await store.aclose()
    return tmp_path


async def test_own_preset_wins_over_the_shared_one_and_flags_over_both(home: Path) -> None:
    flags = ("--json", "--preset", "poem", "--top-k", "9")
    options = json.loads((await run_inkling("complete", "hello there", *flags, home=home)).out)["options"]
    assert (options["length"], options["top_k"]) == (5, 9)


async def test_shared_preset(home: Path) -> None:
    finished = await run_inkling("complete", "hello there", "--preset", "prose", home=home)
    assert len(finished.out.split()) == 4


async def test_unknown_preset_names_those_there_are(home: Path) -> None:
    finished = await run_inkling("complete", "hello", "--preset", "rhyme", home=home)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err == 'There is no preset "rhyme" here. There are poem, prose.\n'


async def test_database_that_is_none_is_told(home: Path) -> None:
    (home / "data" / "inkling.db").write_bytes(b"no database at all" * 100)
    finished = await run_inkling("complete", "hello", "--preset", "poem", home=home)
    assert finished.code == 2
    assert "inkling.db" in finished.err
