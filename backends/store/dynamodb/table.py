"""The table's own calls: consistent reads, and writes of one item that happen only if their condition holds.

A write may arrive and its answer be lost; botocore then sends it again, and its condition no longer holds. So who is
refused looks whether what it wanted is there already, by its own hand: each writes a name of its own beside it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from ulid import ULID

from backends.aws.calls import code_of
from backends.store.dynamodb.attributes import Item, from_attributes, to_attributes
from backends.store.dynamodb.errors import reported
from backends.store.dynamodb.expressions import Condition, spell_change, spell_condition
from backends.store.protocol import StoreFailed

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

MOST_READ, MOST_WRITTEN = 100, 25
"""Items that one batch takes."""
_BATCH_TRIES = 8
_FIRST_PAUSE_S = 0.05
_CONDITION_FAILED, _TRANSACTION_FAILED = "ConditionalCheckFailedException", "TransactionCanceledException"
_OF_REFUSALS = {"None", "ConditionalCheckFailed", "TransactionConflict"}


class Key(NamedTuple):
    pk: str
    sk: str


class Refused(Exception):
    """A condition did not hold; nothing was written."""


class Table:
    """May be called from several threads at once. Raises StoreFailed, after retries."""

    def __init__(self, client: DynamoDBClient, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._pause = pause

    # Reading

    def get(self, key: Key) -> Item | None:
        with reported(self.what):
            answer = self._client.get_item(TableName=self._name, Key=to_attributes(key._asdict()), ConsistentRead=True)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those there are."""
        found: dict[Key, Item] = {}
        for some in _in_batches(list(dict.fromkeys(keys)), MOST_READ):
            asked: Any = {"Keys": [to_attributes(key._asdict()) for key in some], "ConsistentRead": True}
            for answer in self._in_batch(self._client.batch_get_item, "UnprocessedKeys", asked):
                items = map(from_attributes, answer["Responses"].get(self._name, ()))
                found.update((key_of(item), item) for item in items)
        return found

    def pages(
        self,
        pk: str,
        first: str,
        last: str,
        *,
        newest_first: bool = False,
        most: int | None = None,
        only: Sequence[str] = (),
    ) -> Iterator[list[Item]]:
        """The items of a partition from `first` to `last`, in order; a page is up to 1 MB, or `most` items. `only` are
        the attributes wanted, all if empty."""
        asked: dict[str, Any] = {
            "TableName": self._name,
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": to_attributes({":pk": pk, ":first": first, ":last": last}),
        }
        if most is not None:
            asked["Limit"] = most
        if only:
            asked["ProjectionExpression"] = ", ".join(only)
        while True:
            with reported(self.what):
                answer = self._client.query(**asked)
            yield [from_attributes(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def all_of(self, pk: str, prefix: str = "", only: Sequence[str] = ()) -> list[Item]:
        """The items of a partition whose sk begins so, in order."""
        pages = self.pages(pk, prefix or " ", f"{prefix}{AFTER_ALL}", only=only)
        return [item for page in pages for item in page]

    # Writing one item; each gives what was there before, empty if nothing was

    def put(self, key: Key, item: Mapping[str, Any], only_if: Condition | None = None) -> Item:
        """In place of whatever is there. Raises Refused."""
        with self._writing():
            answer = self._client.put_item(
                TableName=self._name,
                Item=to_attributes({**item, **key._asdict()}),
                ReturnValues="ALL_OLD",
                **spell_condition(only_if),
            )
        return from_attributes(answer.get("Attributes", {}))

    def put_together(self, items: Mapping[Key, Mapping[str, Any]], only_if: Condition) -> None:
        """All of them, each under the condition, or none. More than one take a transaction, which costs twice as much.
        Raises Refused, also when another write came between."""
        if len(items) == 1:
            for key, item in items.items():
                self.put(key, item, only_if)
            return
        put = spell_condition(only_if)
        asked: Any = [
            {"Put": {"TableName": self._name, "Item": to_attributes({**item, **key._asdict()}), **put}}
            for key, item in items.items()
        ]
        with self._writing():
            self._client.transact_write_items(TransactItems=asked, ClientRequestToken=str(ULID()))

    def change(self, key: Key, sets: Mapping[str, Any], only_if: Condition) -> Item:
        """Set attributes by path, take away what is None. Raises Refused."""
        with self._writing():
            answer = self._client.update_item(
                TableName=self._name,
                Key=to_attributes(key._asdict()),
                ReturnValues="ALL_OLD",
                **spell_change(sets, only_if),
            )
        return from_attributes(answer.get("Attributes", {}))

    def delete(self, key: Key, only_if: Condition | None = None) -> Item:
        """Raises Refused."""
        with self._writing():
            answer = self._client.delete_item(
                TableName=self._name,
                Key=to_attributes(key._asdict()),
                ReturnValues="ALL_OLD",
                **spell_condition(only_if),
            )
        return from_attributes(answer.get("Attributes", {}))

    # Writing many, in no order

    def put_many(self, items: Mapping[Key, Mapping[str, Any]]) -> None:
        self._write([{"PutRequest": {"Item": to_attributes({**item, **key._asdict()})}} for key, item in items.items()])

    def delete_many(self, keys: Iterable[Key]) -> None:
        self._write([{"DeleteRequest": {"Key": to_attributes(key._asdict())}} for key in dict.fromkeys(keys)])

    def _write(self, requests: Sequence[Any]) -> None:
        for some in _in_batches(requests, MOST_WRITTEN):
            for _ in self._in_batch(self._client.batch_write_item, "UnprocessedItems", some):
                pass

    def _in_batch(self, call: Callable[..., Any], left_over: str, asked: Any) -> Iterator[Any]:
        """Its answers, until nothing is left over: botocore takes a batch that was half done for done."""
        for tried in range(_BATCH_TRIES):
            with reported(self.what):
                answer = call(RequestItems={self._name: asked})
            yield answer
            asked = answer.get(left_over, {}).get(self._name)
            if not asked:
                return
            self._pause(_FIRST_PAUSE_S * 2**tried * random.uniform(0.5, 1.0))
        raise StoreFailed(f"AWS is throttling {self.what}; try again in a moment.")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with reported(self.what):
            try:
                yield
            except ClientError as error:
                if not _is_refusal(error):
                    raise
                raise Refused from error

    @property
    def what(self) -> str:
        """As it stands in a sentence."""
        return f"the table {self._name}"

    def close(self) -> None:
        self._client.close()


AFTER_ALL = "\x7f"
"""Comes after everything that stands in a key."""


def key_of(item: Mapping[str, Any]) -> Key:
    return Key(item["pk"], item["sk"])


def _is_refusal(error: ClientError) -> bool:
    """Whether a condition did not hold; a transaction may fail for other reasons, which it names item by item."""
    if code_of(error) != _TRANSACTION_FAILED:
        return code_of(error) == _CONDITION_FAILED
    reasons: Any = error.response.get("CancellationReasons", ())
    return {reason.get("Code", "None") for reason in reasons} <= _OF_REFUSALS


def _in_batches(things: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    return (things[start : start + most] for start in range(0, len(things), most))
