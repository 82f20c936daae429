"""What follows an end: it is counted, and noted where ends wait to be shown. Doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.expressions import THERE
from backends.store.dynamodb.table import Refused, Table
from backends.store.dynamodb.usage_items import usage_item, usage_key

ENDED_AT = "ended_at"
"""In an entry of those not shown: when it ended. Where this is missing, it is open, or nobody has settled its end."""


def settle(table: Table, entry: Entry, ended: Mapping[str, Any]) -> None:
    table.put(usage_key(entry, ended), usage_item(ended))
    if ended.get("delivered"):
        table.delete(entry.unshown)
        return
    with suppress(Refused):
        table.change(entry.unshown, {ENDED_AT: ended["finished_at"]}, THERE)
