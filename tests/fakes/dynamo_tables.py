"""Stores on an emulator, each on a table of its own or several on one."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from ulid import ULID

from backends.aws.calls import PATIENT
from backends.store.dynamodb.attributes import Item, from_attributes
from backends.store.dynamodb.setup import create_table
from backends.store.dynamodb.store import DynamoStore
from tests.fakes.ministack import client_at, environment_at


@cache
def dynamodb_at(url: str) -> Any:
    """A client. Making one takes longer than most tests."""
    return client_at(url, "dynamodb", config=PATIENT)


def new_table(url: str) -> str:
    name = f"inkling-{ULID()}"
    create_table(dynamodb_at(url), name)
    return name


def settings_at(url: str, table: str) -> Mapping[str, str]:
    """The variables with which another process finds it."""
    return {**environment_at(url), "INKLING_STORE__KIND": "dynamodb", "INKLING_STORE__TABLE": table}


@asynccontextmanager
async def store_at(
    url: str, table: str | None = None, *, later_by_s: float = 0, bot: str | None = None
) -> AsyncIterator[DynamoStore]:
    """On that table, or on a new one."""
    store = DynamoStore(dynamodb_at(url), table or new_table(url), lambda: time.time() + later_by_s, bot)
    try:
        yield store
    finally:
        await store.aclose()


def items_at(url: str, table: str) -> list[Item]:
    """All there are, as they lie."""
    pages = dynamodb_at(url).get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [from_attributes(item) for page in pages for item in page["Items"]]
