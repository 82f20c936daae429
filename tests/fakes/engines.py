"""Local backends over the fake engine process, quick to restart."""

from __future__ import annotations

import sys
from pathlib import Path

from backends.engine_supervisor import EngineTimings
from backends.local import LocalBackend
from config.settings import LocalBackendSettings

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.fakes.engine_process")
QUICK = EngineTimings(
    check_s=0.1, wedged_s=1.0, first_pause_s=0.05, longest_pause_s=0.2, grace_s=2.0, refused_s=0.5, progress_s=0.2
)


def local_backend(folder: Path, model: str = "fake", timings: EngineTimings = QUICK) -> LocalBackend:
    settings = LocalBackendSettings(model=model)
    return LocalBackend("local", settings, folder / "cache", folder, command=COMMAND, timings=timings)
