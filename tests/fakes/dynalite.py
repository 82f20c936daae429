"""dynalite: another implementation of DynamoDB, without transactions, TTL or the old item of a refused write."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError

from backends.aws.jobs.schema import table_definition
from tests.fakes.ministack import STARTS_WITHIN_S, client_at, free_port

_INSTALLED = Path(__file__).parents[2] / ".ci/dynalite/node_modules/.bin/dynalite"
"""Where `make dynalite` puts it."""
_SURVIVE = Path(__file__).parents[2] / ".ci/dynalite/survive.cjs"


def find_dynalite() -> str | None:
    return shutil.which("dynalite") or (str(_INSTALLED) if _INSTALLED.exists() else None)


@contextmanager
def running_dynalite(program: str) -> Iterator[str]:
    """Gives its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # 0 would be taken for nothing said.
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--createTableMs", "1"]
    process = subprocess.Popen(command, env={**os.environ, "NODE_OPTIONS": f"--require={_SURVIVE}"})
    try:
        _wait_until_it_answers(process, url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def create_table_at(url: str, name: str) -> None:
    client: Any = client_at(url, "dynamodb")
    client.create_table(**table_definition(name))
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    client = client_at(url, "dynamodb")
    while time.monotonic() < deadline:
        assert process.poll() is None, "dynalite ended while starting"
        try:
            client.list_tables()
        except BotoCoreError:
            time.sleep(0.05)  # another process's start
        else:
            return
    raise AssertionError("dynalite does not answer")
