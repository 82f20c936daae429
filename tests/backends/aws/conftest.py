from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.ministack import MiniStack, running_ministack


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """One for each process of tests."""
    with running_ministack(tmp_path_factory.mktemp("ministack")) as stack:
        yield stack
