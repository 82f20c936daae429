"""What is asked for, as the stack's parameters."""

from __future__ import annotations

import pytest

from backends.aws.deploy.wishes import Wishes, check_stack_name
from config.errors import InvalidOptions


def test_only_what_was_said_becomes_a_parameter() -> None:
    assert Wishes().parameters() == {}
    assert Wishes(mode="fleet", spot=False, idle_minutes=2.5).parameters() == {
        "Mode": "fleet",
        "Spot": "no",
        "IdleSeconds": "150",
    }


@pytest.mark.parametrize(
    ("kind", "architecture"),
    [
        ("c6i.xlarge", "x86_64"),
        ("c7g.2xlarge", "arm64"),
        ("m6gd.large", "arm64"),
        ("a1.large", "arm64"),
        ("t4g.small", "arm64"),
        ("g4dn.xlarge", "x86_64"),
        ("g5g.xlarge", "arm64"),
        ("im4gn.large", "arm64"),
        ("c7a.large", "x86_64"),
    ],
)
def test_a_machine_s_type_says_its_architecture(kind: str, architecture: str) -> None:
    assert Wishes(instance_type=kind).parameters()["Architecture"] == architecture


@pytest.mark.parametrize("name", ["inkling", "a", "inkling-2", "a" * 20])
def test_names_that_do(name: str) -> None:
    assert check_stack_name(name) == name


@pytest.mark.parametrize("name", ["", "Inkling", "2inkling", "in_kling", "a" * 21, "inkling\n", "../x"])
def test_names_that_don_t(name: str) -> None:
    with pytest.raises(InvalidOptions):
        check_stack_name(name)
