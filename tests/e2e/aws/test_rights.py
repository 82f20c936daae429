"""Each role may do what its part needs, and no more: with one right less, that part fails."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ulid import ULID

from backends.aws.client.http import SignedHttp
from backends.aws.client.transport import Question
from backends.aws.jobs.dynamodb import DynamoJobs
from backends.aws.jobs.job import NewJob, Order
from backends.aws.jobs.table import JobTable
from config.errors import BackendUnavailable
from config.sampling import SamplingOptions
from tests.backends.contract import complete, read, request
from tests.fakes.aws_stack import NAME, AwsStack
from tests.fakes.ministack import REGION

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
WITHIN_S = 90.0
_names = count()

# Beside these, Lambda itself receives and deletes messages and writes logs with a function's role, which MiniStack
# does on its own.
RIGHTS = [
    ("ApiRole", "dynamodb:GetItem", "GetItem on the job table"),
    ("ApiRole", "dynamodb:PutItem", "PutItem on the job table"),
    ("ApiRole", "dynamodb:UpdateItem", "UpdateItem on the job table"),
    ("ApiRole", "dynamodb:Query", "Query on the job table"),
    ("ApiRole", "sqs:SendMessage", "SendMessage on the queue"),
    ("TickRole", "dynamodb:GetItem", "GetItem on the job table"),
    ("TickRole", "dynamodb:UpdateItem", "UpdateItem on the job table"),
    ("TickRole", "dynamodb:Query", "Query on the job table"),
    ("FailRole", "dynamodb:GetItem", "GetItem on the job table"),
    ("FailRole", "dynamodb:UpdateItem", "UpdateItem on the job table"),
    ("WorkerRole", "dynamodb:GetItem", "GetItem on the job table"),
    ("WorkerRole", "dynamodb:PutItem", "PutItem on the job table"),
    ("WorkerRole", "dynamodb:UpdateItem", "UpdateItem on the job table"),
    ("WorkerRole", "dynamodb:Query", "Query on the job table"),
]


@pytest.fixture
def bot(stack: AwsStack, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """A user who has the stack's policy for bots, in this process's environment."""
    iam, name = stack.aws.client("iam"), f"bot-{next(_names)}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=stack.outputs["CallerPolicy"])
    use(stack, name, monkeypatch)
    return {"name": name}


def use(stack: AwsStack, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = stack.aws.client("iam").create_access_key(UserName=user)["AccessKey"]
    own = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    for name, value in {**stack.aws.environment, **own}.items():
        monkeypatch.setenv(name, value)


@contextmanager
def without(stack: AwsStack, role: str, action: str) -> Iterator[None]:
    """The role of that logical name, one action poorer in each of its policies."""
    iam = stack.aws.client("iam")
    name = physical(stack, role)
    before = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for policy, document in before.items():
        poorer = {**document, "Statement": [less for each in document["Statement"] if (less := _less(each, action))]}
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(poorer))
    try:
        yield
    finally:
        for policy, document in before.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def _less(statement: dict[str, Any], action: str) -> dict[str, Any] | None:
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    left = [each for each in actions if each != action]
    return {**statement, "Action": left} if left else None


def physical(stack: AwsStack, logical: str) -> str:
    resources = stack.aws.client("cloudformation").describe_stack_resources(StackName=NAME)["StackResources"]
    (found,) = [each["PhysicalResourceId"] for each in resources if each["LogicalResourceId"] == logical]
    return str(found)


async def exercise(stack: AwsStack, said: list[str]) -> None:
    """Everything the functions do, whatever of it fails; `said` takes what they tell their callers."""
    said.append(str(api(stack, "DELETE", f"/v1/jobs/{submit(stack, said)}")))
    by_hand(stack, deadline_s=-1)
    said.append(str(stack.invoke("tick", {})))
    said.append(str(stack.invoke("fail", {"Records": [{"body": by_hand(stack, deadline_s=-1)}]})))
    async with aclosing(stack.backend()) as backend:
        said.append(str((await read(backend, request(deadline_s=2))).error))


def by_hand(stack: AwsStack, deadline_s: float) -> str:
    """A job in the table that nobody was told of."""
    now = time.time()
    new = NewJob("direct", str(ULID()), "the lamp", Order(SamplingOptions(seed=1, length=5)), now, now + deadline_s)
    return DynamoJobs(JobTable(stack.aws.client("dynamodb"), stack.table)).submit(new).job.id


def submit(stack: AwsStack, said: list[str]) -> str:
    answer = api(stack, "POST", "/v1/jobs", {"prompt": "the lamp", "options": {"length": 5}, "deadline_s": 2})
    said.append(str(answer))
    return str(json.loads(answer["body"]).get("id", "none"))


def api(stack: AwsStack, method: str, path: str, body: object = None) -> dict[str, Any]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "requestContext": {"http": {"method": method, "path": path}},
        "body": None if body is None else json.dumps(body),
    }
    answer: dict[str, Any] = stack.invoke("api", event)
    return answer


async def test_a_bot_needs_the_policy_for_bots_and_nothing_else(stack: AwsStack, bot: Mapping[str, str]) -> None:
    async with aclosing(stack.backend()) as backend:
        assert (await complete(backend, request())).texts[0]
    iam = stack.aws.client("iam")
    iam.detach_user_policy(UserName=bot["name"], PolicyArn=stack.outputs["CallerPolicy"])
    async with aclosing(stack.backend()) as stranger:
        with pytest.raises(BackendUnavailable, match="execute-api:Invoke"):
            await complete(stranger, request())


async def test_a_bot_can_neither_read_the_table_nor_fill_the_queue(stack: AwsStack, bot: Mapping[str, str]) -> None:
    session = boto3.Session()  # boto3's own has the keys that the process's first test asked with
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("dynamodb").scan(TableName=stack.table)
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("sqs").send_message(QueueUrl=stack.outputs["WorkQueue"], MessageBody="x")


async def test_somebody_else_s_job_is_as_if_it_weren_t_there(
    stack: AwsStack, bot: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = submit(stack, [])  # by direct invocation: another owner
    async with aclosing(SignedHttp("aws", stack.api_url, region=REGION)) as http:
        assert (await http.ask(Question("GET", f"/v1/jobs/{mine}"))).status == 404


async def test_nothing_is_missing(stack: AwsStack, keys: None) -> None:
    before, said = len(stack.log()), [""]
    await exercise(stack, said)
    assert "doesn't allow" not in stack.log()[before:]
    assert "doesn't allow" not in "".join(said)
    assert said[-1] == "None"


@pytest.mark.parametrize(("role", "action", "told"), RIGHTS, ids=lambda value: str(value).replace(" ", "-"))
async def test_each_right_is_needed(stack: AwsStack, keys: None, role: str, action: str, told: str) -> None:
    """Whoever lacks it says so, to its caller or in its log."""
    before, said = len(stack.log()), [""]
    with without(stack, role, action):
        tried = asyncio.create_task(exercise(stack, said))
        async with asyncio.timeout(WITHIN_S):
            while f"doesn't allow {told}" not in stack.log()[before:] + "".join(said):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    tried.cancel()
    await asyncio.gather(tried, return_exceptions=True)
