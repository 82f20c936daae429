"""What a command tells its shell."""

from __future__ import annotations

FAILED = 1
"""The backend or the machine."""
MISTAKE = 2
"""The user's, and worth another try only when it is mended."""
INTERRUPTED = 130
READER_LEFT = 141
"""The program after our pipe has ended; shells report the same of a process ended by SIGPIPE."""
