"""MiniStack, which acts as AWS on this machine: a process of its own, gone when the tests end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import boto3

REGION = "eu-west-1"
STARTS_WITHIN_S = 60.0


@dataclass(frozen=True)
class MiniStack:
    url: str
    pid: int

    @property
    def environment(self) -> Mapping[str, str]:
        return environment_at(self.url)

    def client(self, service: Any, **more: Any) -> Any:
        """A boto3 client of this one, whatever the environment says."""
        return client_at(self.url, service, **more)


def environment_at(url: str) -> Mapping[str, str]:
    """What boto3 needs to find the emulator there, here or in another process."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def client_at(url: str, service: Any, **more: Any) -> Any:
    """A boto3 client of the emulator there, whatever the environment says."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        **more,
    )


@contextmanager
def running_ministack(folder: Path, **more: str) -> Iterator[MiniStack]:
    """`folder` takes its state and log; `more` are further variables of its own, such as AUTH."""
    port = free_port()
    # Without variables that would send its functions to another one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **inherited,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        **more,
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log, cwd=folder
        )
        try:
            _wait_until_it_answers(process, port)
            yield MiniStack(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "MiniStack ended while starting"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5).close()
        except URLError:
            time.sleep(0.05)  # another process's start
        else:
            return
    raise AssertionError("MiniStack does not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
