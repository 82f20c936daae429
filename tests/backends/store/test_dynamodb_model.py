from __future__ import annotations

import pytest

from backends.store.dynamodb.store import DynamoStore
from tests.backends.store.model import check_against_model
from tests.fakes.dynamo_tables import dynamodb_at, new_table


@pytest.mark.slow
def test_agrees_with_a_few_dictionaries(url: str) -> None:
    async def open_store() -> DynamoStore:
        return DynamoStore(dynamodb_at(url), new_table(url))

    check_against_model(open_store, examples=8)
