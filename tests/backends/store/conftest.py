from __future__ import annotations

import pytest

from tests.fakes.ministack import MiniStack


@pytest.fixture(params=["ministack", "dynalite"])
def url(request: pytest.FixtureRequest) -> str:
    """Of each emulator of DynamoDB in turn."""
    emulator: MiniStack | str = request.getfixturevalue(request.param)
    return emulator if isinstance(emulator, str) else emulator.url
