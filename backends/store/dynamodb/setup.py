"""The table: found, or made at the first start where that is allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from botocore.exceptions import ClientError

from backends.aws.calls import AwsFailed, asking, code_of
from backends.store.dynamodb.attributes import from_attributes, to_attributes
from backends.store.dynamodb.keys import TABLE_VERSION, TTL
from config.errors import InvalidSettings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import CreateTableInputTypeDef

VERSION = 1
"""Of how items lie in it; docs/decisions/dynamodb-store.md."""
_FIRST_POLL_S, _LONGEST_POLL_S = 0.02, 2.0
_MADE_WITHIN_S = 120.0

log = structlog.get_logger(__name__)


def prepare(client: DynamoDBClient, name: str) -> None:
    """Make sure that the table is there and is one of ours. Raises InvalidSettings."""
    try:
        with asking(f"the table {name}"):
            found = _find(client, name)
            version = VERSION if found is None else found
    except AwsFailed as error:
        raise InvalidSettings(error.sentence) from error
    if found is None:
        create_table(client, name)
    if version > VERSION:
        raise InvalidSettings(
            f"The table {name} was written by a newer Inkling (its version is {version}, I know {VERSION}); "
            "update Inkling or name another one in store.table."
        )


def create_table(client: DynamoDBClient, name: str) -> None:
    """Paid by the request, encrypted, with backups of the last 35 days; forgets what is past its time. Raises
    InvalidSettings."""
    try:
        with asking("a new table"):
            _create(client, name)
            _wait_until_active(client, name)
            _mark(client, name)
    except AwsFailed as error:
        raise InvalidSettings(f"There is no table {name} yet, and I can't make it: {error.sentence}") from error
    _add(
        name,
        "forgetting",
        lambda: client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"AttributeName": TTL, "Enabled": True}
        ),
    )
    _add(
        name,
        "backups",
        lambda: client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        ),
    )
    log.info("store.table_made", table=name)


def table_definition(name: str) -> CreateTableInputTypeDef:
    """As `CreateTable` takes it; the template of `inkling aws deploy` says the same, and a test compares them."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    }


def _find(client: DynamoDBClient, name: str) -> int | None:
    """Its version; None if there is no table."""
    try:
        answer = client.get_item(TableName=name, Key=to_attributes(TABLE_VERSION._asdict()), ConsistentRead=True)
    except ClientError as error:
        if code_of(error) == "ValidationException":
            raise InvalidSettings(
                f"The table {name} is not one of mine, its keys are others; name another one in store.table."
            ) from error
        if code_of(error) != "ResourceNotFoundException":
            raise
        return None
    if "Item" not in answer:
        _mark(client, name)
        return VERSION
    return int(from_attributes(answer["Item"])["version"])


def _create(client: DynamoDBClient, name: str) -> None:
    try:
        client.create_table(**table_definition(name))
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":  # another bot makes it just now
            raise


def _wait_until_active(client: DynamoDBClient, name: str) -> None:
    deadline, pause_s = time.monotonic() + _MADE_WITHIN_S, _FIRST_POLL_S
    while not _is_active(client, name):
        if time.monotonic() > deadline:
            raise AwsFailed("AWS takes more than two minutes to make it.")
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_POLL_S)


def _is_active(client: DynamoDBClient, name: str) -> bool:
    try:
        return client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":  # not yet known everywhere
            raise
        return False


def _mark(client: DynamoDBClient, name: str) -> None:
    client.put_item(TableName=name, Item=to_attributes({**TABLE_VERSION._asdict(), "version": VERSION}))


def _add(name: str, what: str, call: Callable[[], Any]) -> None:
    """What a table is better with, and works without: a role may not allow it, or a stand-in not know it."""
    try:
        with asking(f"{what} for the table {name}"):
            call()
    except AwsFailed as error:
        log.warning("store.table_without", table=name, what=what, reason=error.sentence)
