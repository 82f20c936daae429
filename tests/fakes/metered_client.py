"""A client of DynamoDB that keeps the bill."""

from __future__ import annotations

from collections import Counter
from typing import Any

_READS = {"get_item", "batch_get_item", "query"}


class MeteredClient:
    """`calls` by name; `read` and `written` in DynamoDB's units."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.reset()

    def reset(self) -> None:
        self.calls: Counter[str] = Counter()
        self.read = self.written = 0.0

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**given: Any) -> Any:
            answer = real(**given, ReturnConsumedCapacity="TOTAL")
            bill = answer["ConsumedCapacity"]
            units = sum(each["CapacityUnits"] for each in (bill if isinstance(bill, list) else [bill]))
            self.calls[name] += 1
            if name in _READS:
                self.read += units
            else:
                self.written += units
            return answer

        return call

    def close(self) -> None:
        """The real one is shared."""
