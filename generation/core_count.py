"""How many cores this process may use: the machine's, unless an affinity or a quota says fewer.

A container with a quota sees every core of its machine. With a thread on each, its time is used up early in each
period, and all threads stand still for the rest of it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def count_cores(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """A quota of one and a half cores counts as two: one would leave half a core unused."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, find_quota(cgroups, membership))))


def find_quota(cgroups: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> float:
    """In cores, by Linux's control groups of either version; infinite where there is none."""
    return min(map(_read_quota, _groups(cgroups, membership)))


def _groups(cgroups: Path, membership: Path) -> Iterator[Path]:
    """The folders of this process's group and of those around it, each of which may have a quota.

    A container finds its own at the root, whatever it is called from outside.
    """
    yield from (cgroups, cgroups / "cpu")
    for line in _read(membership).splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / controllers  # of version 2, whose line names none, it is the same
        group = root / place.strip("/")
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(root))


def _read_quota(group: Path) -> float:
    """Version 2 has both numbers in one file, and "max" for no quota; version 1 has -1 for that."""
    words = _read(group / "cpu.max") or f"{_read(group / 'cpu.cfs_quota_us')} {_read(group / 'cpu.cfs_period_us')}"
    try:
        quota, period = map(int, words.split())
    except ValueError:
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
