"""Ending with the process that started this one, however that one ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_LOOK_S = 1.0


class ParentWatch:
    """Make it as early as possible: a parent that died before is not missed afterwards."""

    def __init__(self) -> None:
        self._parent = os.getppid()

    def arm(self) -> None:
        """On Linux, have the kernel send SIGTERM when the parent's thread that started us ends."""
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    @property
    def orphaned(self) -> bool:
        return os.getppid() != self._parent

    async def wait(self) -> None:
        """Until the parent is gone. Finds the parents that died before `arm`, and those of other systems."""
        # No system tells this portably: it has to be looked at.
        while not self.orphaned:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
