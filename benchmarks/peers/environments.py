"""The peers' environments: one each, with pinned versions, in the cache folder; one that is missing is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.folders import ENVIRONMENTS, REPOSITORY

_TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
_READY, _FAILED, _LOG = "installed.txt", "failed.txt", "install.log"
_CPU_FACTS = Path("/proc/cpuinfo")
# llama.cpp's build for a CPU with AMX has crashed on prompts of more than one token; this is all the rest of it.
_WITHOUT_AMX = " ".join(
    ["-DGGML_NATIVE=OFF"]
    + [f"-DGGML_{part}=ON" for part in ("AVX", "AVX2", "FMA", "F16C", "BMI2")]
    + [f"-DGGML_AVX512{part}=ON" for part in ("", "_VBMI", "_VNNI", "_BF16")]
)


class LeftOut(Exception):
    """Why a peer is not in the table, as a phrase."""


@dataclass(frozen=True, slots=True)
class Environment:
    name: str
    requirements: tuple[str, ...]
    unwanted: tuple[str, ...] = ()
    """Comes along, and does harm."""
    torch: str | None = None
    """Installed first, in its build for the CPU alone."""
    build: Mapping[str, str] = field(default_factory=dict)
    """For what is compiled here."""

    @property
    def folder(self) -> Path:
        return ENVIRONMENTS / self.name

    def program(self, name: str) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / name

    def check(self) -> None:
        """Raises LeftOut."""
        if (self.folder / _READY).is_file() and (self.folder / _READY).read_text() == self._stamp:
            return
        if (self.folder / _FAILED).is_file():
            raise LeftOut((self.folder / _FAILED).read_text().strip())
        raise LeftOut("not installed; `make bench-peers` installs it")

    def install(self) -> None:
        """Raises LeftOut when it can't be."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            venv.create(self.folder, with_pip=True)
            if self.torch:
                self._pip("install", *_torch_index(), f"torch=={self.torch}")
            self._pip("install", *([f"torch=={self.torch}"] if self.torch else ()), *self.requirements)
            if self.unwanted:
                self._pip("uninstall", "--yes", *self.unwanted)
        except (subprocess.CalledProcessError, OSError) as error:
            (self.folder / _FAILED).write_text(f"its installation failed; see {_LOG} in {self.folder}\n")
            raise LeftOut(f"its installation failed; see {self.folder / _LOG}") from error
        (self.folder / _READY).write_text(self._stamp)

    @property
    def _stamp(self) -> str:
        return "\n".join((*self.requirements, self.torch or ""))

    def _pip(self, *arguments: str) -> None:
        command = (str(self.program("python")), "-m", "pip", "--disable-pip-version-check", *arguments)
        with (self.folder / _LOG).open("a") as log:
            environment = {**os.environ, **self.build}
            subprocess.run(command, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)


def _torch_index() -> list[str]:
    """pip's option for PyTorch's CPU builds, when there is an index of them: the Makefile asks the same way."""
    asks = (sys.executable, str(REPOSITORY / ".ci" / "torch_index.py"), _TORCH_CPU_INDEX)
    return subprocess.run(asks, check=True, capture_output=True, text=True).stdout.split()


def _llama_cpp_build() -> Mapping[str, str]:
    has_amx = _CPU_FACTS.is_file() and "amx_tile" in _CPU_FACTS.read_text()
    flags = _WITHOUT_AMX if has_amx else "-DGGML_NATIVE=ON"
    return {"CMAKE_ARGS": flags, "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 1)}


CTRANSLATE2 = Environment("ctranslate2", ("ctranslate2==4.8.5", "numpy==2.4.6"))
OPENVINO = Environment(
    "openvino", ("openvino-genai==2026.4.1.0", "openvino==2026.4.1", "openvino-tokenizers==2026.4.1.0", "numpy==2.4.6")
)
LLAMA_CPP = Environment(
    "llama-cpp", ("--no-binary=llama-cpp-python", "llama-cpp-python==0.3.36"), build=_llama_cpp_build()
)
CONVERSION = Environment(
    "conversion",
    ("optimum-intel[openvino]==2.2.0", "openvino==2026.4.0", "openvino-tokenizers==2026.4.0.0", "ctranslate2==4.8.5"),
    # For pictures only, and transformers fails on one that was built for another torch.
    unwanted=("torchvision",),
    torch="2.13.0",
)
ALL_ENVIRONMENTS = (CTRANSLATE2, OPENVINO, CONVERSION, LLAMA_CPP)
