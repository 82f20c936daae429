"""Reading files that people name in settings and flags: a page of text at most, whatever the name turns out to be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

MAX_BYTES = 2**20


def read_small_file(path: Path, encoding: str = "utf-8") -> str:
    """The file's text. OSError also when it is larger than a megabyte: a device, say, has no end."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return data.decode(encoding)
