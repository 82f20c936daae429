"""What a bad day of AWS becomes: one sentence, after as many tries as are worth it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.config import Config

from backends.aws.calls import PATIENT, POLLING, AwsFailed, asking
from tests.fakes.faulty_aws import Fault, FaultyAws

ROOT = Path(__file__).parents[3]
ONCE = PATIENT.merge(Config(retries={"total_max_attempts": 1, "mode": "standard"}))
SENTENCES: dict[Fault, str] = {
    "cut": "AWS can't be reached to ask the thing (ConnectionClosedError).",
    "lost answer": "AWS can't be reached to ask the thing (ConnectionClosedError).",
    "broken": "AWS failed at {} on the thing (InternalServerError).",
    "unavailable": "AWS failed at {} on the thing (ServiceUnavailable).",
    "throttled": "AWS is throttling the thing; try again in a moment.",
    "denied": "AWS doesn't allow {} on the thing; the role lacks that right.",
    "gone": "AWS has no such thing as the thing any more (ResourceNotFoundException).",
}
ASKED = {
    "dynamodb": ("ListTables", lambda client: client.list_tables()),
    "sqs": ("ListQueues", lambda client: client.list_queues()),
    "ec2": ("DescribeInstances", lambda client: client.describe_instances()),
    "autoscaling": ("DescribeAutoScalingGroups", lambda client: client.describe_auto_scaling_groups()),
    "cloudwatch": ("ListMetrics", lambda client: client.list_metrics()),
    "lambda": ("ListFunctions", lambda client: client.list_functions()),
}


@pytest.mark.parametrize("fault", SENTENCES)
@pytest.mark.parametrize("service", ASKED)
def test_each_trouble_is_one_sentence(faulty: FaultyAws, service: str, fault: Fault) -> None:
    operation, ask = ASKED[service]
    faulty.plan(fault)
    client = faulty.client(service, config=ONCE)
    with pytest.raises(AwsFailed) as failed, asking("the thing"):
        ask(client)
    assert failed.value.sentence == SENTENCES[fault].format(operation)
    assert len(faulty.calls) == 1


@pytest.mark.parametrize("fault", ["cut", "lost answer", "broken", "unavailable", "throttled"])
@pytest.mark.parametrize("config", [PATIENT, POLLING], ids=["patient", "polling"])
def test_what_may_pass_is_tried_again(faulty: FaultyAws, fault: Fault, config: Config) -> None:
    faulty.plan(fault, times=1)
    faulty.client("dynamodb", config=config).list_tables()
    assert faulty.calls == ["ListTables"] * 2


@pytest.mark.parametrize("fault", ["denied", "gone"])
def test_what_stays_is_not_tried_again(faulty: FaultyAws, fault: Fault) -> None:
    faulty.plan(fault)
    with pytest.raises(AwsFailed), asking("the thing"):
        faulty.client("dynamodb", config=PATIENT).list_tables()
    assert len(faulty.calls) == 1


def test_nobody_answers() -> None:
    nobody = FaultyAws("", url="http://127.0.0.1:9")
    with pytest.raises(AwsFailed) as failed, asking("the thing"):
        nobody.client("dynamodb", config=ONCE).list_tables()
    assert failed.value.sentence == "AWS can't be reached to ask the thing (EndpointConnectionError)."


ASK = """
from backends.aws.calls import AwsFailed
from backends.aws.wiring import jobs_of, queue_of
from config.settings import load_deployment
for ask in (lambda d: jobs_of(d).job("01KB0000000000000000000000"), lambda d: queue_of(d).send("01KB")):
    try:
        ask(load_deployment())
    except AwsFailed as error:
        print(error.sentence)
"""
HERE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "INKLING_AWS_TABLE": "jobs",
    "INKLING_AWS_QUEUE_URL": "http://127.0.0.1:9/1/work",
}
KEYS: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SURROUNDINGS: dict[str, tuple[dict[str, str | None], str]] = {
    "no credentials": ({}, "There are no AWS credentials to ask {} with; give some or a role."),
    "half of them": (
        {"AWS_ACCESS_KEY_ID": "test"},
        "There are no AWS credentials to ask {} with; give some or a role.",
    ),
    "no region": (
        KEYS | {"AWS_REGION": None, "AWS_DEFAULT_REGION": None},
        "It isn't said in which AWS region {} is; set AWS_DEFAULT_REGION.",
    ),
    "no address": (
        KEYS | {"AWS_ENDPOINT_URL": "nowhere"},
        "AWS can't be asked for {}: Invalid endpoint: nowhere.",
    ),
    "no profile": (
        KEYS | {"AWS_PROFILE": "nobody"},
        "AWS can't be asked for {}: The config profile (nobody) could not be found.",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings_that_lack_something(name: str) -> None:
    more, sentence = SURROUNDINGS[name]
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **HERE, **more}
    environ = {name: value for name, value in given.items() if value is not None}
    said = subprocess.run([sys.executable, "-c", ASK], env=environ, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [sentence.format("the job table"), sentence.format("the queue")]
