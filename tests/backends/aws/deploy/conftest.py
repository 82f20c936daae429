from __future__ import annotations

import pytest

from backends.aws.deploy.account import Account
from tests.fakes.ministack import REGION


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """One whose clients are told what AWS answers, by botocore's own stubs."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Account(REGION)
