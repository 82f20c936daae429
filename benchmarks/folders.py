"""Where the benchmarks keep what is large: peers' environments and converted models, all outside the repository."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results"
CACHE = Path(os.environ.get("INKLING_BENCH_CACHE") or platformdirs.user_cache_dir("inkling-bench"))
ENVIRONMENTS = CACHE / "peers"
CHECKPOINTS = CACHE / "models"
ENGLISH = (REPOSITORY / "benchmarks" / "english.txt").read_text(encoding="utf-8")
"""From the first chapter of "Alice's Adventures in Wonderland" (Lewis Carroll, 1865; in the public domain)."""
