"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says more about the machine's other work than about ours; pytest's timeout bounds each test.
settings.register_profile("inkling", deadline=None)
settings.load_profile("inkling")
