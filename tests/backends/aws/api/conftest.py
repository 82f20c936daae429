from __future__ import annotations

import pytest

from tests.backends.aws.api.asked import Asked


@pytest.fixture
def asked() -> Asked:
    return Asked()
