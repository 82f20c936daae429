"""Whose turn it is, on an emulator."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from botocore.config import Config
from structlog.testing import capture_logs
from ulid import ULID

from backends.aws.calls import POLLING, AwsFailed
from backends.aws.jobs.protocol import Message
from backends.aws.jobs.sqs import SqsQueue
from tests.fakes.faulty_aws import Fault, FaultyAws
from tests.fakes.ministack import MiniStack

ONCE = POLLING.merge(Config(retries={"total_max_attempts": 1, "mode": "standard"}))
MALFORMED = ("x", "{}", " ", str(ULID()).lower(), f" {ULID()}", "U" * 26, "8" + "Z" * 25, "🖋" * 26, "x" * 200_000)
_names = count()


@dataclass
class Stage:
    client: Any
    url: str
    queue: SqsQueue

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def stage(ministack: MiniStack) -> Stage:
    client = ministack.client("sqs", config=POLLING)
    made = client.create_queue(QueueName=f"work-{next(_names)}", Attributes={"VisibilityTimeout": "1"})
    return Stage(client, made["QueueUrl"], SqsQueue(client, made["QueueUrl"]))


def one(queue: SqsQueue) -> Message:
    """The next one, which comes soon."""
    (message,) = queue.receive(1, 10)
    return message


def test_what_was_sent_comes_once_it_is_deleted(stage: Stage) -> None:
    ids = {str(ULID()) for _ in range(12)}
    for job_id in ids:
        stage.queue.send(job_id)
    came: list[Message] = []
    while len(came) < 12:
        batch = stage.queue.receive(10, 10)
        assert 0 < len(batch) <= 10
        for message in batch:
            stage.queue.delete(message)
        came += batch
    assert {message.job_id for message in came} == ids
    assert {message.deliveries for message in came} == {1}
    assert stage.left() == 0


def test_nothing_there(stage: Stage) -> None:
    assert stage.queue.receive(10, 0) == []


def test_a_delayed_one_comes_later(stage: Stage) -> None:
    stage.queue.send(job_id := str(ULID()), delay_s=1)
    assert stage.queue.receive(10, 0) == []
    assert one(stage.queue).job_id == job_id


def test_what_nobody_deletes_comes_again(stage: Stage) -> None:
    stage.queue.send(str(ULID()))
    first = one(stage.queue)
    assert stage.queue.receive(1, 0) == []
    again = one(stage.queue)
    assert (again.job_id, again.deliveries) == (first.job_id, 2)


def test_a_held_one_waits_and_a_freed_one_comes_at_once(stage: Stage) -> None:
    stage.queue.send(str(ULID()))
    message = one(stage.queue)
    stage.queue.hold(message, 60)
    assert stage.queue.receive(1, 2) == []
    stage.queue.hold(message, 0)
    assert [each.deliveries for each in stage.queue.receive(1, 0)] == [2]


def test_a_receipt_that_ran_out_does_no_harm(stage: Stage) -> None:
    stage.queue.send(str(ULID()))
    first = one(stage.queue)
    second = one(stage.queue)
    assert first.receipt != second.receipt
    stage.queue.hold(first, 0)
    stage.queue.delete(first)
    stage.queue.delete(second)
    for message in (first, second, Message("x", "no receipt")):
        stage.queue.delete(message)
        stage.queue.hold(message, 5)
    assert stage.left() == 0


def test_what_is_no_job_is_thrown_away_and_told(stage: Stage) -> None:
    job_id = str(ULID())
    for body in (*MALFORMED, job_id):
        stage.client.send_message(QueueUrl=stage.url, MessageBody=body)
    came: list[Message] = []
    with capture_logs() as logs:
        while not came:
            came += stage.queue.receive(10, 1)
    assert [message.job_id for message in came] == [job_id]
    assert [line["characters"] for line in logs] == [len(body) for body in MALFORMED]
    stage.queue.delete(came[0])
    assert stage.left() == 0


def test_one_that_can_not_be_thrown_away_holds_up_nobody(stage: Stage, faulty: FaultyAws) -> None:
    job_id = str(ULID())
    for body in ("x", job_id):
        stage.client.send_message(QueueUrl=stage.url, MessageBody=body)
    faulty.plan("denied", "DeleteMessage")
    queue = SqsQueue(faulty.client("sqs", config=ONCE), stage.url)
    came: list[Message] = []
    while not came:
        came += queue.receive(10, 1)
    assert [message.job_id for message in came] == [job_id]


@pytest.mark.parametrize("fault", ["cut", "lost answer", "broken", "unavailable", "throttled"])
def test_bad_days_pass_or_are_one_sentence(stage: Stage, faulty: FaultyAws, fault: Fault) -> None:
    stage.queue.send(str(ULID()))
    message = one(stage.queue)
    acts = {
        "SendMessage": lambda queue: queue.send(str(ULID())),
        "ReceiveMessage": lambda queue: queue.receive(10, 3),
        "ChangeMessageVisibility": lambda queue: queue.hold(message, 0),
        "DeleteMessage": lambda queue: queue.delete(message),
    }
    for operation, act in acts.items():
        faulty.heal()
        faulty.plan(fault, operation, times=1)
        with pytest.raises(AwsFailed, match="the queue"):
            act(SqsQueue(faulty.client("sqs", config=ONCE), stage.url))
        faulty.plan(fault, operation, times=1)
        act(SqsQueue(faulty.client("sqs", config=POLLING), stage.url))
        assert faulty.count(operation) == 3


def test_a_queue_that_is_gone(stage: Stage) -> None:
    stage.client.delete_queue(QueueUrl=stage.url)
    with pytest.raises(AwsFailed) as failed:
        stage.queue.send(str(ULID()))
    assert failed.value.sentence.startswith("AWS has no such thing as the queue any more")
