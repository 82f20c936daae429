"""The table is made at the first start; what is in the way is said to the operator."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from backends.store.dynamodb.keys import TTL
from backends.store.dynamodb.setup import table_definition
from backends.store.dynamodb.store import DynamoStore
from config.errors import InvalidSettings
from tests.backends.aws.deploy.test_template import RESOURCES, actions, statements
from tests.fakes.dynamo_tables import dynamodb_at, new_table
from tests.fakes.faulty_aws import FaultyAws
from tests.fakes.ministack import MiniStack, environment_at
from tests.fakes.records import make_request


@pytest.fixture
def name() -> str:
    return f"new-{ULID()}"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faulty: FaultyAws) -> None:
    """The emulator's, and nothing of this machine's own."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for variable, value in environment_at(faulty.url).items():
        monkeypatch.setenv(variable, value)


async def refusal(table: str, **where: Any) -> str:
    with pytest.raises(InvalidSettings) as caught:
        await DynamoStore.open(table, **where)
    return caught.value.sentence


async def test_a_new_table_is_paid_by_the_request_and_backed_up_and_forgets(ministack: MiniStack, name: str) -> None:
    store = await DynamoStore.open(name)
    await store.accept(make_request())
    await store.aclose()
    client = dynamodb_at(ministack.url)
    assert client.describe_table(TableName=name)["Table"]["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    forgetting = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (forgetting["TimeToLiveStatus"], forgetting["AttributeName"]) == ("ENABLED", "ttl")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_table_of_a_deployment_is_the_same() -> None:
    """And its bots have the rights they need, without the one to make tables."""
    properties = RESOURCES["StoreTable"]["Properties"]
    wanted = {name: value for name, value in table_definition("ours").items() if name != "TableName"}
    assert {name: properties[name] for name in wanted} == wanted
    assert properties["TimeToLiveSpecification"] == {"AttributeName": TTL, "Enabled": True}
    (rights,) = [
        actions(statement)
        for owner, statement in statements()
        if owner == "CallerPolicy" and any(action.startswith("dynamodb:") for action in actions(statement))
    ]
    asked = ["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"]
    assert sorted(rights) == [f"dynamodb:{call}" for call in asked]


async def test_many_may_open_it_at_once(name: str) -> None:
    stores = await asyncio.gather(*(DynamoStore.open(name) for _ in range(4)))
    record = make_request()
    assert [(await store.accept(record)).created for store in stores] == [True, False, False, False]
    for store in stores:
        await store.aclose()


async def test_it_works_without_backups_where_these_are_not_allowed(name: str, faulty: FaultyAws) -> None:
    faulty.plan("denied", "UpdateContinuousBackups")
    faulty.plan("denied", "UpdateTimeToLive")
    store = await DynamoStore.open(name)
    assert (await store.accept(make_request())).created
    await store.aclose()


async def test_a_table_made_by_others_for_it_is_taken(ministack: MiniStack, name: str) -> None:
    """As by a template, with no item in it."""
    dynamodb_at(ministack.url).create_table(**definition(name, "pk", "sk"))
    store = await DynamoStore.open(name)
    assert (await store.accept(make_request())).created
    await store.aclose()


async def test_a_table_that_may_not_be_made(name: str, faulty: FaultyAws) -> None:
    faulty.plan("denied", "CreateTable")
    assert await refusal(name) == (
        f"There is no table {name} yet, and I can't make it: "
        "AWS doesn't allow CreateTable on a new table; the role lacks that right."
    )


async def test_a_table_with_other_keys(ministack: MiniStack, name: str) -> None:
    dynamodb_at(ministack.url).create_table(**definition(name, "id", "at"))
    assert await refusal(name) == (
        f"The table {name} is not one of mine, its keys are others; name another one in store.table."
    )


async def test_a_table_of_a_newer_version(ministack: MiniStack) -> None:
    table = new_table(ministack.url)
    newer = {"pk": {"S": "inkling"}, "sk": {"S": "table"}, "version": {"N": "2"}}
    dynamodb_at(ministack.url).put_item(TableName=table, Item=newer)
    assert await refusal(table) == (
        f"The table {table} was written by a newer Inkling (its version is 2, I know 1); "
        "update Inkling or name another one in store.table."
    )


async def test_a_table_that_may_not_be_read(ministack: MiniStack, faulty: FaultyAws) -> None:
    table = new_table(ministack.url)
    faulty.plan("denied", "GetItem")
    assert await refusal(table) == f"AWS doesn't allow GetItem on the table {table}; the role lacks that right."


async def test_no_credentials(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert await refusal(name) == f"There are no AWS credentials to ask the table {name} with; give some or a role."


async def test_no_region(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert await refusal(name) == f"It isn't said in which AWS region the table {name} is; set AWS_DEFAULT_REGION."
    store = await DynamoStore.open(name, region="eu-west-1")
    await store.aclose()


async def test_an_unknown_profile(name: str) -> None:
    sentence = await refusal(name, profile="nobody")
    assert sentence == f"AWS can't be asked for the table {name}: The config profile (nobody) could not be found."


def definition(name: str, pk: str, sk: str) -> dict[str, Any]:
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in (pk, sk)],
        "KeySchema": [{"AttributeName": pk, "KeyType": "HASH"}, {"AttributeName": sk, "KeyType": "RANGE"}],
    }
