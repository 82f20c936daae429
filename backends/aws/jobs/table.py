"""The table's own calls: consistent reads, and writes of one item that happen only if their condition holds.

DynamoDB forgets an item within days of its time (`ttl`); to readers it is gone at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backends.aws.calls import asking, code_of
from backends.aws.jobs.items import OPEN_ATTRIBUTE, OPEN_INDEX, OPEN_MARK, TTL_ATTRIBUTE, from_item, to_item

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

WHAT = "the job table"
_CONDITION_FAILED = "ConditionalCheckFailedException"

Values = dict[str, Any]


class JobTable:
    """Raises AwsFailed, after retries."""

    def __init__(self, client: DynamoDBClient, name: str, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self.name = name
        self._clock = clock

    def get(self, pk: str, sk: str) -> Values | None:
        with asking(WHAT):
            answer = self._client.get_item(TableName=self.name, Key=to_item({"pk": pk, "sk": sk}), ConsistentRead=True)
        values = from_item(answer.get("Item", {}))
        return values if values and self._is_kept(values) else None

    def put(self, values: Mapping[str, Any]) -> None:
        """Whatever is there; the same again changes nothing."""
        with asking(WHAT):
            self._client.put_item(TableName=self.name, Item=to_item(values))

    def put_new(self, values: Mapping[str, Any]) -> bool:
        """False when there is an item of that key."""
        with asking(WHAT):
            try:
                self._client.put_item(
                    TableName=self.name,
                    Item=to_item(values),
                    ConditionExpression="attribute_not_exists(pk) OR #ttl < :now",
                    ExpressionAttributeNames={"#ttl": TTL_ATTRIBUTE},
                    ExpressionAttributeValues=to_item({":now": self._clock()}),
                )
            except ClientError as error:
                return _refused(error)
        return True

    def change(
        self, pk: str, sk: str, wanted: Mapping[str, Any], condition: str, given: Mapping[str, Any]
    ) -> Values | None:
        """Set what is in `wanted`, remove what is None there; the item as it then is, or None if the condition, which
        names attributes as #name and values as :name, did not hold."""
        sets = {name: value for name, value in wanted.items() if value is not None}
        removes = [name for name, value in wanted.items() if value is None]
        update = "SET " + ", ".join(f"#{name} = :new_{name}" for name in sets)
        if removes:
            update += " REMOVE " + ", ".join(f"#{name}" for name in removes)
        values = {f":new_{name}": value for name, value in sets.items()} | {f":{n}": v for n, v in given.items()}
        return self._update(pk, sk, update, condition, values)

    def _update(self, pk: str, sk: str, update: str, condition: str, values: Mapping[str, Any]) -> Values | None:
        with asking(WHAT):
            try:
                answer = self._client.update_item(
                    TableName=self.name,
                    Key=to_item({"pk": pk, "sk": sk}),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=_names_in(update, condition),
                    ExpressionAttributeValues=to_item(values),
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                _refused(error)
                return None
        return from_item(answer["Attributes"])

    def add(self, pk: str, sk: str, name: str, number: int) -> Values:
        """Add to a number, of an item that is made if it isn't there; the item as it then is."""
        with asking(WHAT):
            answer = self._client.update_item(
                TableName=self.name,
                Key=to_item({"pk": pk, "sk": sk}),
                UpdateExpression=f"ADD #{name} :number",
                ExpressionAttributeNames={f"#{name}": name},
                ExpressionAttributeValues=to_item({":number": number}),
                ReturnValues="ALL_NEW",
            )
        return from_item(answer["Attributes"])

    def between(self, pk: str, first: str, last: str) -> Iterator[list[Values]]:
        """The items from `first` to `last`, in order, in pages of up to 1 MB."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item({":pk": pk, ":first": first, ":last": last}),
        )
        with asking(WHAT):
            for page in pages:
                yield [values for values in map(from_item, page["Items"]) if self._is_kept(values)]

    def open_keys(self) -> Iterator[str]:
        """The pk of every item in the index of open ones, as of some seconds ago."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self.name,
            IndexName=OPEN_INDEX,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": OPEN_ATTRIBUTE},
            ExpressionAttributeValues=to_item({":open": OPEN_MARK}),
        )
        with asking(WHAT):
            for page in pages:
                yield from (from_item(item)["pk"] for item in page["Items"])

    def count_open(self, before: str, limit: int) -> int:
        """How many open items have a pk before that one."""
        with asking(WHAT):
            answer = self._client.query(
                TableName=self.name,
                IndexName=OPEN_INDEX,
                Select="COUNT",
                Limit=limit,
                KeyConditionExpression="#open = :open AND pk < :before",
                ExpressionAttributeNames={"#open": OPEN_ATTRIBUTE},
                ExpressionAttributeValues=to_item({":open": OPEN_MARK, ":before": before}),
            )
        return answer["Count"]

    def _is_kept(self, values: Values) -> bool:
        return TTL_ATTRIBUTE not in values or bool(values[TTL_ATTRIBUTE] >= self._clock())


def _refused(error: ClientError) -> bool:
    """False for a condition that did not hold; raises everything else."""
    if code_of(error) != _CONDITION_FAILED:
        raise error
    return False


def _names_in(*expressions: str) -> dict[str, str]:
    """DynamoDB wants every #name spelled out."""
    words = " ".join(expressions).replace(",", " ").replace("(", " ").replace(")", " ").split()
    return {word: word[1:] for word in words if word.startswith("#")}
