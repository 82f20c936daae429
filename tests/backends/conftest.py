from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.aws_keys import PROFILE, keys_in
from tests.fakes.dynalite import find_dynalite, running_dynalite
from tests.fakes.faulty_aws import FaultyAws, faulty_aws
from tests.fakes.ministack import MiniStack, running_ministack


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """One for each process of tests."""
    with running_ministack(tmp_path_factory.mktemp("ministack")) as stack:
        yield stack


@pytest.fixture
def faulty(ministack: MiniStack) -> Iterator[FaultyAws]:
    """MiniStack with bad days."""
    with faulty_aws(ministack.url) as between:
        yield between


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """Its URL."""
    program = find_dynalite()
    if program is None:
        pytest.skip("dynalite is not installed; `make dynalite` does it, where there is npm")
    with running_dynalite(program) as url:
        yield url


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file of credentials, and an environment that has no others."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in keys_in(tmp_path).items():
        monkeypatch.setenv(name, value)
    return PROFILE
