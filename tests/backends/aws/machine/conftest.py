from __future__ import annotations

import pytest

from tests.backends.aws.machine.world import World


@pytest.fixture
def world() -> World:
    return World()
