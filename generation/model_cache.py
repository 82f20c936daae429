"""The folder where downloaded and converted models are kept. Whatever is in it is whole, and may be deleted."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from config.errors import InvalidSettings

_CONVERSION = 1
"""Part of the key: raise it when a conversion would write other files than before."""


class ModelCache:
    """`folder` is made when first needed. Raises InvalidSettings when it can't be written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def hub(self) -> Path:
        """In the hub's own layout."""
        return self._folder / "hub"

    @property
    def known(self) -> Path:
        """What is known of models without their weights."""
        return self._folder / "known"

    def converted(self, source: Path, convert: Callable[[Path], None]) -> Path:
        """The converted copy of a file; `convert` writes it into an empty folder when there is none yet.

        Only one process converts at a time; the others wait and find it done. A copy that was not finished is never
        used: it gets its name when it is whole.
        """
        target = self._folder / "converted" / _key(source)
        if target.is_dir():
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(target.with_suffix(".lock")):
                if not target.is_dir():
                    _publish(target, convert)
        except OSError as error:
            raise InvalidSettings(
                f"I can't keep the converted model in {target.parent}: {error.strerror or type(error).__name__}."
            ) from error
        return target


def _key(source: Path) -> str:
    """Changes when the file does: from its name, size and time of change."""
    facts = source.stat()
    digest = hashlib.sha256(f"{_CONVERSION}:{source.name}:{facts.st_size}:{facts.st_mtime_ns}".encode()).hexdigest()
    return f"{source.stem[:80]}-{digest[:16]}"


def _publish(target: Path, convert: Callable[[Path], None]) -> None:
    """Called under the lock, so that half-written folders of processes that died can go."""
    for left in target.parent.glob(f".{target.name}-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        convert(folder)
        _flush(folder)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _flush(folder: Path) -> None:
    """To the disk, so that a whole name never stands over empty files after a power cut."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
