"""Clients of a busy DynamoDB: it does only a part of each batch, or its answer is lost on the way."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError


class HalfwayClient:
    """Does the first half of every batch and gives the rest back."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.halves = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, requests),) = RequestItems.items()
        done = (len(requests) + 1) // 2
        answer = self._client.batch_write_item(RequestItems={table: requests[:done]})
        return answer | {"UnprocessedItems": self._left(table, requests[done:])}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, asked),) = RequestItems.items()
        done = (len(asked["Keys"]) + 1) // 2
        answer = self._client.batch_get_item(RequestItems={table: asked | {"Keys": asked["Keys"][:done]}})
        left = self._left(table, asked["Keys"][done:])
        return answer | {"UnprocessedKeys": {name: asked | {"Keys": keys} for name, keys in left.items()}}

    def _left(self, table: str, rest: list[Any]) -> dict[str, Any]:
        self.halves += bool(rest)
        return {table: rest} if rest else {}


class StuckClient:
    """Does nothing of any batch."""

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        return {"UnprocessedItems": RequestItems}


class ForgetfulClient:
    """Makes call number `number` twice and tells only the second answer."""

    def __init__(self, client: Any, number: int) -> None:
        self._client = client
        self._number = number
        self._lock = Lock()
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**given: Any) -> Any:
            with self._lock:
                self.calls += 1
                twice = self.calls == self._number
            if twice:
                with suppress(ClientError):
                    real(**given)
            return real(**given)

        return call

    def close(self) -> None:
        """The real one is shared."""


class CancellingClient:
    """Cancels its first transaction for that reason."""

    def __init__(self, client: Any, reason: str) -> None:
        self._client = client
        self._reasons = [reason]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **given: Any) -> Any:
        if not self._reasons:
            return self._client.transact_write_items(**given)
        reasons = [{"Code": self._reasons.pop()}, {"Code": "None"}]
        error = {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"}
        raise ClientError({"Error": error, "CancellationReasons": reasons}, "TransactWriteItems")

    def close(self) -> None:
        """The real one is shared."""
