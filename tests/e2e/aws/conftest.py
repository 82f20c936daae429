from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.aws_stack import AwsStack, aws_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsStack]:
    """One for each process of tests, deployed; whoever breaks one makes an own."""
    with aws_stack(tmp_path_factory.mktemp("stack")) as stack:
        stack.deploy()
        yield stack


@pytest.fixture
def keys(stack: AwsStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own process finds the account, too."""
    for name, value in stack.aws.environment.items():
        monkeypatch.setenv(name, value)
