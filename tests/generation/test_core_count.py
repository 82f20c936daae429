from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generation.core_count import count_cores, find_quota

NO_GROUPS = Path("/nowhere/at/all")
CORES = count_cores(NO_GROUPS, NO_GROUPS)


def write(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def belong(folder: Path, *lines: str) -> Path:
    """What a process reads of its own groups."""
    membership = folder / "membership"
    membership.write_text("".join(f"{line}\n" for line in lines))
    return membership


def test_without_a_quota_every_core_that_may_be_used_counts(tmp_path: Path) -> None:
    assert find_quota(tmp_path, NO_GROUPS) == math.inf
    assert 1 <= CORES <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu__max": "150000 100000"}, 1.5),
        ({"cpu__max": "max 100000"}, math.inf),
        ({"cpu__max": "nonsense"}, math.inf),
        ({"cpu__max": "150000 0"}, math.inf),
    ],
)
def test_a_container_s_quota_is_at_the_root(tmp_path: Path, files: dict[str, object], quota: float) -> None:
    write(tmp_path, **files)
    assert find_quota(tmp_path, belong(tmp_path, "0::/")) == quota
    assert find_quota(tmp_path, NO_GROUPS) == quota


@pytest.mark.parametrize(("microseconds", "quota"), [(50_000, 0.5), (-1, math.inf)])
@pytest.mark.parametrize("controllers", ["cpu", "cpu,cpuacct"])
def test_the_first_version_has_it_in_two_files(
    tmp_path: Path, controllers: str, microseconds: int, quota: float
) -> None:
    write(tmp_path / controllers, cpu__cfs_quota_us=microseconds, cpu__cfs_period_us=100_000)
    # Docker's own name for the group is not there inside the container.
    membership = belong(tmp_path, "5:memory:/docker/ab", f"4:{controllers}:/docker/ab", "0::/docker/ab")
    assert find_quota(tmp_path, membership) == quota


def test_the_tightest_of_the_groups_around_counts(tmp_path: Path) -> None:
    write(tmp_path / "system.slice", cpu__max="300000 100000")
    write(tmp_path / "system.slice" / "inkling.service", cpu__max="max 100000")
    write(tmp_path / "system.slice" / "another.service", cpu__max="1000 100000")
    assert find_quota(tmp_path, belong(tmp_path, "0::/system.slice/inkling.service")) == 3


@pytest.mark.parametrize(("quota", "cores"), [("1 100000", 1), ("100000 100000", 1), ("99900000 100000", CORES)])
def test_it_is_at_least_one_core_and_at_most_those_there_are(tmp_path: Path, quota: str, cores: int) -> None:
    write(tmp_path, cpu__max=quota)
    assert count_cores(tmp_path, NO_GROUPS) == cores


@pytest.mark.skipif(CORES < 2, reason="needs two cores")
def test_a_part_of_a_core_is_a_core(tmp_path: Path) -> None:
    write(tmp_path, cpu__max="110000 100000")
    assert count_cores(tmp_path, NO_GROUPS) == 2


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinities")
def test_the_affinity_counts() -> None:
    script = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from generation.core_count import count_cores; print(count_cores())"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, check=True)
    assert run.stdout == b"1\n"
