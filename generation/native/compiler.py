"""Finding a C++ compiler and running it, for the CPU of this machine."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_NAMES = ("c++", "g++", "clang++")
_VERSION_TIMEOUT_S = 10.0
_SHOWN_LINES = 20
# No -ffast-math: with it the order of additions, and so the last bits, would be the compiler's choice.
_FLAGS = ("-std=c++20", "-O3", "-fPIC", "-pthread", "-fno-math-errno", "-ffp-contract=fast", "-Wno-psabi")
_CPU_FLAG = {"x86_64": "-march=native", "AMD64": "-march=native", "aarch64": "-mcpu=native", "arm64": "-mcpu=native"}
_CPU_FACTS = ("vendor_id", "cpu family", "model", "stepping", "flags", "CPU implementer", "CPU part", "Features")


class KernelsUnavailable(Exception):
    """The native kernels can't be used here. One sentence for the log; `output` is the compiler's last lines."""

    def __init__(self, sentence: str, output: str = "") -> None:
        super().__init__(sentence)
        self.output = output


@dataclass(frozen=True, slots=True)
class Compiler:
    path: Path

    def compile(self, sources: Sequence[Path], folder: Path, timeout_s: float) -> list[Path]:
        """Each source file to an object file in `folder`, all at the same time. Raises KernelsUnavailable."""
        objects = [folder / f"{source.stem}.o" for source in sources]
        commands: dict[str, Sequence[str | Path]] = {
            f"{source.name} does not compile": [self.path, *compile_flags(), "-c", source, "-o", target]
            for source, target in zip(sources, objects, strict=True)
        }
        _run_all(commands, timeout_s)
        return objects

    def link(self, objects: Sequence[Path], target: Path, timeout_s: float) -> None:
        """Object files to a shared library. Raises KernelsUnavailable."""
        _run_all({"the kernels do not link": [self.path, "-shared", "-pthread", *objects, "-o", target]}, timeout_s)


def compile_flags() -> tuple[str, ...]:
    """The same for every compiler."""
    native = _CPU_FLAG.get(platform.machine())
    return _FLAGS if native is None else (*_FLAGS, native)


def find_compiler(path: Path | None = None) -> Compiler:
    """The one at `path`, or the first that answers on the PATH. Raises KernelsUnavailable when there is none."""
    candidates = [str(path)] if path is not None else [found for name in _NAMES if (found := shutil.which(name))]
    for candidate in candidates:
        if _answers(candidate):
            return Compiler(Path(candidate))
    raise KernelsUnavailable("There is no C++ compiler here.")


def describe_cpu() -> str:
    """What a compiler's "native" depends on; of another machine it differs whenever its instructions do."""
    facts = [platform.system(), platform.machine(), platform.processor()]
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
        facts += [line for line in first.splitlines() if line.partition("\t")[0].strip(" :") in _CPU_FACTS]
    return "\n".join(facts)


def _answers(compiler: str) -> bool:
    """False when it is none: macOS, for one, has a `c++` that only offers to install one."""
    try:
        run = subprocess.run([compiler, "--version"], capture_output=True, timeout=_VERSION_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(run.stdout)


def _run_all(commands: Mapping[str, Sequence[str | Path]], timeout_s: float) -> None:
    """By what to complain of when one fails. When this returns or raises none of them runs any more."""
    deadline = time.monotonic() + timeout_s
    running: dict[str, subprocess.Popen[str]] = {}
    try:
        for complaint, command in commands.items():
            running[complaint] = _start(command)
        for complaint, process in running.items():
            output, _ = process.communicate(timeout=max(0.0, deadline - time.monotonic()))
            if process.returncode:
                raise KernelsUnavailable(f"With this C++ compiler {complaint}.", _last_lines(output))
    except OSError as error:
        raise KernelsUnavailable(f"The C++ compiler does not start: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise KernelsUnavailable(f"The C++ compiler took longer than {timeout_s:g} seconds.") from error
    finally:
        for process in running.values():
            if process.returncode is None:
                _kill_group(process)


def _start(command: Sequence[str | Path]) -> subprocess.Popen[str]:
    """In a process group of its own, since a compiler's driver leaves its children behind when it is killed alone."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _kill_group(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _last_lines(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-_SHOWN_LINES:])
