"""The shipped template on MiniStack, with IAM enforced: put there by `inkling aws deploy`, as users do."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.aws.backend import AwsBackend
from backends.aws.connection import connect
from config.settings import AwsBackendSettings
from tests.fakes.command_line import Finished, environment
from tests.fakes.completions import MODEL, FakeCompletions
from tests.fakes.ministack import REGION, MiniStack, running_ministack
from tests.fakes.openai_server import serve

NAME = "inkling"
# MiniStack takes a template's numbers for texts there, and then can't compare them.
NO_LIMIT = ("--worker-concurrency", "0")
FROM_HERE = ("--via", "function", "--local-packages")


@dataclass
class AwsStack:
    aws: MiniStack
    home: Path
    writer: FakeCompletions
    """What the worker function asks to write; it runs in a thread of its own."""
    writer_url: str

    def inkling(self, *arguments: str, **variables: str) -> Finished:
        """A command of `inkling aws`."""
        run = subprocess.run(
            [sys.executable, "-P", "-m", "bots", "aws", *arguments],
            cwd=self.home,
            env=environment(self.home, {**self.aws.environment, **variables}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Finished(run.returncode, run.stdout, run.stderr)

    def deploy(self, *more: str) -> Finished:
        wanted = ("--mode", "serverless", "--remote-url", self.writer_url, "--model", MODEL)
        told = self.inkling("deploy", *wanted, *FROM_HERE, *NO_LIMIT, *more)
        assert told.code == 0, told.err
        return told

    @property
    def outputs(self) -> Mapping[str, str]:
        (stack,) = self.aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    @property
    def api_url(self) -> str:
        """The stack's own, by the path under which MiniStack has it too, since its host has no address here."""
        api_id = self.outputs["ApiUrl"].partition("//")[2].partition(".")[0]
        return f"{self.aws.url}/_aws/execute-api/{api_id}/$default"

    @property
    def table(self) -> str:
        return self.outputs["JobTable"]

    def backend(self, profile: str | None = None) -> AwsBackend:
        """Over HTTP, signed; with the test's own keys, or a profile's."""
        settings = AwsBackendSettings(kind="aws", api_url=self.api_url, region=REGION, profile=profile)
        return connect("aws", settings)

    def items(self, kind: str = "") -> list[dict[str, Any]]:
        """Those in the job table whose sort key begins so, plainly."""
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=self.table)
        found = [
            {name: next(iter(value.values())) for name, value in item.items()}
            for page in pages
            for item in page["Items"]
        ]
        return [item for item in found if item["sk"].startswith(kind)]

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        answer = self.aws.client("lambda").invoke(FunctionName=f"{NAME}-{function}", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read() or "null")

    def log(self) -> str:
        return (self.home / "ministack.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def aws_stack(home: Path, *, delay_s: float = 0.02) -> Iterator[AwsStack]:
    """An account with nothing in it yet."""
    writer = FakeCompletions(engine=True, delay_s=delay_s)
    # An empty PYTHONPATH, or functions would find our modules beside what their zips hold.
    with _served(writer) as url, running_ministack(home, AUTH="true", PYTHONPATH="") as aws:
        yield AwsStack(aws, home, writer, url)


@contextmanager
def _served(writer: FakeCompletions) -> Iterator[str]:
    """In a thread, so that it answers while a test waits for a command."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = serve(writer.app())
    try:
        yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(30)
    finally:
        asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
