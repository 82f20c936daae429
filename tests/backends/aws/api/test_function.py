"""The function as Lambda calls it: built from its environment, asking AWS; and small enough to start quickly."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from backends.aws.api.function import built, handler
from backends.aws.jobs.schema import create_table
from config.environment import DEPLOYMENT_PREFIX
from tests.fakes.faulty_aws import FaultyAws
from tests.fakes.ministack import REGION, MiniStack

ROOT = Path(__file__).parents[4]
_names = count()
SMALL = ("backends.aws.api.function", "backends.aws.machine.tick_function", "backends.aws.machine.fail_function")
TOO_MUCH = {"aiohttp", "bots", "generation", "numpy", "pydantic_settings", "torch", "transformers"}


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 9_000


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """As in an execution environment of its own; afterwards the tests' own log is back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    built.cache_clear()
    yield
    built.cache_clear()
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def deployed(faulty: FaultyAws, ministack: MiniStack, monkeypatch: pytest.MonkeyPatch) -> FaultyAws:
    """A table and queues, and the environment of a function that uses them, with AWS' bad days between."""
    name = f"api-{next(_names)}"
    create_table(ministack.client("dynamodb"), name)
    sqs = ministack.client("sqs")
    told = {
        "mode": "ec2",
        "table": name,
        "queue_url": sqs.create_queue(QueueName=f"{name}-work")["QueueUrl"],
        "tick_queue_url": sqs.create_queue(QueueName=f"{name}-tick")["QueueUrl"],
        "instance_id": "i-0123456789abcdef0",
    }
    for variable, value in told.items():
        monkeypatch.setenv(DEPLOYMENT_PREFIX + variable.upper(), value)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}
    for variable, value in {**keys, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": faulty.url}.items():
        monkeypatch.setenv(variable, value)
    return faulty


def ask(method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "queryStringParameters": query,
        "requestContext": {"http": {"method": method, "path": path}},
        "body": None if body is None else json.dumps(body),
    }
    answer = handler(event, Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_a_job_through_tables_and_queues(deployed: FaultyAws) -> None:
    status, job = ask("POST", "/v1/jobs", {"prompt": "$(touch x) {{ssm:y}}\nEOF", "key": "event-1"})
    assert (status, job["state"], job["position"]) == (202, "queued", 0)
    assert {"SendMessage", "StartInstances"} <= set(deployed.calls)
    assert ask("POST", "/v1/jobs", {"prompt": "$(touch x) {{ssm:y}}\nEOF", "key": "event-1"})[1]["id"] == job["id"]
    assert ask("GET", f"/v1/jobs/{job['id']}", wait="1")[1]["state"] == "queued"
    assert ask("DELETE", f"/v1/jobs/{job['id']}")[1]["state"] == "cancelled"
    assert ask("GET", "/v1/health")[1]["state"] in ("asleep", "starting")


@pytest.mark.parametrize("fault", ["unavailable", "throttled", "cut", "denied"])
@pytest.mark.parametrize("operation", ["SendMessage", "StartInstances"])
def test_a_submit_is_accepted_whoever_cant_be_told(deployed: FaultyAws, fault: Any, operation: str) -> None:
    deployed.plan(fault, operation)
    status, job = ask("POST", "/v1/jobs", {"prompt": "Once"})
    assert (status, job["state"]) == (202, "queued")
    assert 1 <= deployed.count(operation) <= 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("denied", "AWS doesn't allow PutItem on the job table; the role lacks that right."),
        ("gone", "AWS has no such thing as the job table any more (ResourceNotFoundException)."),
    ],
)
def test_a_table_that_cant_be_written_is_told(deployed: FaultyAws, fault: Any, sentence: str) -> None:
    deployed.plan(fault, "PutItem")
    status, body = ask("POST", "/v1/jobs", {"prompt": "Once"})
    assert (status, body["error"]) == (503, {"code": "backend_unavailable", "sentence": sentence})


def test_a_function_that_was_not_told_its_table_says_where_to_look(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(f"{DEPLOYMENT_PREFIX}TABLE", raising=False)
    status, body = ask("GET", "/v1/health")
    assert status == 500
    assert body["error"]["sentence"].startswith("Something went wrong here; the log has more under ")
    assert "INKLING_AWS_TABLE: field required." in capfd.readouterr().err


@pytest.mark.parametrize("event", [None, [], "x", {}, {"Records": []}, {"rawPath": 5, "requestContext": {}}])
def test_what_is_no_event_is_told(event: Any) -> None:
    answer = handler(event, Context())
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["error"]["sentence"] == "This is no HTTP API event of version 2."


@pytest.mark.parametrize("module", SMALL)
def test_a_function_loads_no_more_than_it_needs(module: str) -> None:
    program = f"import sys, {module}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"boto3", "backends", "config"} <= loaded
    assert not loaded & TOO_MUCH
