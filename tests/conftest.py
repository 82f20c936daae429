"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# Properties are about what comes out, not about how soon it does on a busy machine.
settings.register_profile("inkling", parent=settings.default, deadline=None)
settings.load_profile("inkling")
