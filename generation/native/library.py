"""The kernels as one shared library, compiled once per machine and kept in the cache folder."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import tempfile
import time
from functools import cached_property
from pathlib import Path

import structlog
from filelock import FileLock, Timeout

from generation.native.compiler import Compiler, KernelsUnavailable, compile_flags, describe_cpu, find_compiler

SOURCES = Path(__file__).parent
ABI_VERSION = 5
"""Raise it together with the one in abi.cpp when a function's arguments or a struct's fields change."""
_KEPT_UNUSED_S = 30 * 24 * 3600.0

log = structlog.get_logger(__name__)


class KernelLibrary:
    """The library for this machine and version of the sources.

    It lies under a name made of both, gets that name when it is whole, and may be deleted. Once it is there no compiler
    is looked for: one that went, broke or became another since changes nothing, not even the last bit of a text.
    """

    def __init__(
        self,
        cache_dir: Path,
        compiler: Path | None = None,
        *,
        sources: Path = SOURCES,
        cpu: str | None = None,
        timeout_s: float = 300.0,
    ) -> None:
        """`compiler` None: the first on the PATH. `cpu` None: this one's. `timeout_s`: for compiling, and for linking.

        Nothing is looked for or built yet.
        """
        self._folder = cache_dir / "native"
        self._wanted_compiler = compiler
        self._sources = sources
        self._cpu = describe_cpu() if cpu is None else cpu
        self._timeout_s = timeout_s

    @property
    def cached(self) -> bool:
        """Whether `open` needs no compiling; takes milliseconds."""
        try:
            return self._path.is_file()
        except OSError:
            return False

    def open(self) -> ctypes.CDLL:
        """The library, compiled now if it must be: seconds, in which other threads go on; one process compiles.

        Calls into it release the GIL. Raises KernelsUnavailable, which is logged too.
        """
        try:
            if not self.cached:
                self._build()
            library = _load(self._path)
        except KernelsUnavailable as error:
            log.warning("kernels_unavailable", reason=str(error), output=error.output)
            raise
        _note_use(self._path)
        return library

    @cached_property
    def _path(self) -> Path:
        digest = hashlib.sha256()
        for part in (self._cpu, *compile_flags()):
            digest.update(part.encode() + b"\0")
        for path in sorted((*self._sources.glob("*.cpp"), *self._sources.glob("*.h"))):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return self._folder / f"kernels-{digest.hexdigest()[:24]}.so"

    def _build(self) -> None:
        compiler = find_compiler(self._wanted_compiler)
        lock = FileLock(self._path.with_suffix(".lock"), timeout=2 * self._timeout_s)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with lock:
                if not self._path.is_file():
                    self._compile(compiler)
                    self._remove_unused()
        except Timeout as error:
            raise KernelsUnavailable("Another process has been compiling the kernels for too long.") from error
        except (OSError, NotImplementedError) as error:  # the latter where a file system has no locks
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise KernelsUnavailable(f"I can't keep the compiled kernels in {self._folder}: {reason}.") from error

    def _compile(self, compiler: Compiler) -> None:
        """Called under the lock, so that half-written folders of processes that died can go."""
        for left in self._folder.glob(f".{self._path.stem}-*"):
            shutil.rmtree(left, ignore_errors=True)
        begun = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix=f".{self._path.stem}-", dir=self._folder))
        try:
            library = self._compile_in(folder, compiler)
            with library.open("rb") as file:
                os.fsync(file.fileno())
            library.replace(self._path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        log.info("kernels_compiled", seconds=round(time.monotonic() - begun, 1))

    def _remove_unused(self) -> None:
        """Those of other versions and CPUs that nobody has opened for long.

        A process that has run for longer still goes on: what is mapped stays when its name is gone.
        """
        for path in self._folder.glob("kernels-*.so"):
            with contextlib.suppress(OSError):
                if path != self._path and time.time() - path.stat().st_mtime > _KEPT_UNUSED_S:
                    path.with_suffix(".lock").unlink(missing_ok=True)
                    path.unlink()

    def _compile_in(self, folder: Path, compiler: Compiler) -> Path:
        objects = compiler.compile(sorted(self._sources.glob("*.cpp")), folder, self._timeout_s)
        library = folder / "kernels.so"
        compiler.link(objects, library, self._timeout_s)
        return library


def _note_use(path: Path) -> None:
    """The time of change, since many systems don't keep the time of reading."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _load(path: Path) -> ctypes.CDLL:
    """Raises KernelsUnavailable, after removing a file that is no library of ours so that the next start builds it."""
    try:
        library = ctypes.CDLL(str(path))
        version = library.inkling_abi_version()
    except (OSError, AttributeError) as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise KernelsUnavailable(f"The compiled kernels don't load: {error}.") from error
    if version != ABI_VERSION:
        raise KernelsUnavailable(f"The compiled kernels have interface {version}; this engine has {ABI_VERSION}.")
    return library
