"""What nobody foresaw, for the log: what it was and where. Never its message, which may quote a prompt."""

from __future__ import annotations

import traceback

_INNERMOST = 6


def described(error: BaseException) -> dict[str, object]:
    """As fields of a log line."""
    frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
    return {
        "kind": type(error).__name__,
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
