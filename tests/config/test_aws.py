"""What the parts of a deployment in AWS are told."""

from __future__ import annotations

import pytest

from config.aws import read_deployment
from config.errors import InvalidSettings

TOLD = {"INKLING_AWS_TABLE": "jobs", "INKLING_AWS_QUEUE_URL": "https://queue"}


def test_what_is_empty_or_not_ours_is_not_told() -> None:
    deployment = read_deployment({**TOLD, "INKLING_AWS_FLEET": "", "INKLING_AWS_NEWER": "1", "TABLE": "other"})
    assert (deployment.table, deployment.fleet, deployment.mode) == ("jobs", None, "serverless")


@pytest.mark.parametrize("value", ["inf", "nan", "1e999", "-1", "soon"])
@pytest.mark.parametrize("name", ["IDLE_S", "WAKE_S", "FINISH_S", "LEASE_S", "KEEP_S"])
def test_a_time_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=rf"^INKLING_AWS_{name}: [^\n]*\.$"):
        read_deployment({**TOLD, f"INKLING_AWS_{name}": value})


@pytest.mark.parametrize("name", TOLD)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(InvalidSettings, match=f"^{name}: field required"):
        read_deployment({known: value for known, value in TOLD.items() if known != name})
