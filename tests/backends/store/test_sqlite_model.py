from __future__ import annotations

from backends.store.sqlite import SqliteStore
from tests.backends.store.model import check_against_model


def test_agrees_with_a_few_dictionaries() -> None:
    check_against_model(lambda: SqliteStore.open(None))
