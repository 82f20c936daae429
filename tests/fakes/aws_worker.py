"""A worker's process on an emulator, with a backend that writes without a model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from backends.aws.calls import PATIENT, POLLING
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.hosts import DynamoHosts
from backends.aws.jobs.schema import create_table
from backends.aws.jobs.sqs import SqsQueue
from backends.aws.jobs.table import JobTable
from tests.fakes.ministack import MiniStack

ROOT = Path(__file__).parents[2]
LEASE_S = 3.0
_names = count()


@dataclass
class Stage:
    """A table and a queue of their own, and processes that work on them."""

    stack: MiniStack
    folder: Path
    engine_url: str
    """Of a server of the completions API."""
    visibility_s: int = 4
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        number = next(_names)
        self.table = f"stage-{os.getpid()}-{number}"
        dynamodb, sqs = self.stack.client("dynamodb", config=PATIENT), self.stack.client("sqs", config=POLLING)
        create_table(dynamodb, self.table)
        self.queue_url = sqs.create_queue(
            QueueName=self.table, Attributes={"VisibilityTimeout": str(self.visibility_s)}
        )["QueueUrl"]
        self.jobs = DynamoJobs(JobTable(dynamodb, self.table), lease_s=LEASE_S)
        self.hosts = DynamoHosts(JobTable(dynamodb, self.table))
        self.queue = SqsQueue(sqs, self.queue_url)

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            **os.environ,
            **self.stack.environment,
            "PYTHONPATH": str(ROOT),
            "INKLING_DATA_DIR": str(self.folder / "data"),
            "INKLING_CACHE_DIR": str(self.folder / "cache"),
            "INKLING_DEFAULT_BACKEND": "engine",
            "INKLING_BACKENDS__ENGINE__KIND": "openai",
            "INKLING_BACKENDS__ENGINE__BASE_URL": self.engine_url,
            "INKLING_AWS_MODE": "ec2",
            "INKLING_AWS_TABLE": self.table,
            "INKLING_AWS_QUEUE_URL": self.queue_url,
            "INKLING_AWS_FINISH_S": "4",
            "INKLING_AWS_LEASE_S": str(LEASE_S),
        }

    def start_worker(self, **more: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"worker-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "backends.aws.worker"],
                env={**self.environment, **more},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
