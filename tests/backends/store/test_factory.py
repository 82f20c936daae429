"""The store that the settings ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from backends.store.dynamodb.store import DynamoStore
from backends.store.factory import open_kept_store, open_store
from backends.store.sqlite import SqliteStore
from config.settings import Settings
from tests.fakes.ministack import MiniStack
from tests.fakes.records import HERE, make_request

ROOT = Path(__file__).parents[3]
IN_ANOTHER_PROCESS = """
import asyncio, sys
from backends.store.factory import open_store
from config.settings import load_settings
from tests.fakes.records import make_request

async def accept():
    store = await open_store(load_settings())
    await store.accept(make_request())
    await store.aclose()

asyncio.run(accept())
print("boto3" in sys.modules)
"""


async def test_nothing_is_made_for_who_only_reads(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    assert await open_kept_store(settings) is None
    assert not settings.data_dir.exists()
    store = await open_store(settings)
    await store.accept(make_request())
    await store.aclose()
    kept = await open_kept_store(settings)
    assert isinstance(kept, SqliteStore)
    assert len(await kept.requests_of(HERE, "u1")) == 1
    await kept.aclose()


def run(tmp_path: Path, **environment: str) -> str:
    command = (sys.executable, "-c", IN_ANOTHER_PROCESS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INKLING_"))}
    environ = {**inherited, "INKLING_DATA_DIR": str(tmp_path), **environment}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()[-1]


def test_a_file_takes_no_boto3(tmp_path: Path) -> None:
    assert run(tmp_path) == "False"
    assert (tmp_path / "inkling.db").is_file()


async def test_a_table_is_found_by_the_usual_variables(tmp_path: Path, ministack: MiniStack) -> None:
    table = {"INKLING_STORE__KIND": "dynamodb", "INKLING_STORE__TABLE": "found-by-variables"}
    assert run(tmp_path, **table, **ministack.environment) == "True"
    assert not (tmp_path / "inkling.db").exists()
    store = DynamoStore(ministack.client("dynamodb"), "found-by-variables")
    assert len(await store.requests_of(HERE, "u1")) == 1
    await store.aclose()
