"""Code as Lambda takes it: a zip of just those of our modules that a function reaches, and of what they need."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Protocol

from backends.aws.calls import AwsFailed
from backends.aws.deploy.archive import make_zip, read_zip
from backends.aws.deploy.reach import ROOT, Reach, distributions_of, reach_of

PYTHON = "3.12"
"""Of the functions; the template says the same."""
FUNCTIONS = (
    "backends.aws.api.function",
    "backends.aws.machine.tick_function",
    "backends.aws.machine.fail_function",
)
WORKER = ("backends.aws.worker.function",)
AMONG_LAMBDA = ("boto3", "botocore")
"""Lambda's Python has them, with all they need."""
FOR_MODELS = ("accelerate", "gguf", "huggingface-hub", "numpy", "safetensors", "tokenizers", "torch", "transformers")
"""Too large for a zip; a worker with a model of its own comes as an image."""

Files = dict[str, bytes]


class PackageSource(Protocol):
    def files(self, distributions: Mapping[str, str]) -> Files:
        """What installing these, with their versions, gives; by path. Raises AwsFailed."""
        ...


class DownloadedWheels:
    """From the package index, for Lambda's system, whatever this machine is. `architecture`: x86_64 or arm64;
    `options`: pip's."""

    def __init__(self, architecture: str, options: tuple[str, ...] = ()) -> None:
        self._options = options
        self._platform = f"manylinux2014_{'aarch64' if architecture == 'arm64' else 'x86_64'}"

    def files(self, distributions: Mapping[str, str]) -> Files:
        with tempfile.TemporaryDirectory() as folder:
            self._download([f"{name}=={version}" for name, version in distributions.items()], folder)
            wheels = [read_zip(path.read_bytes()) for path in sorted(Path(folder).glob("*.whl"))]
        return {name: content for wheel in wheels for name, content in wheel.items() if _is_code(name)}

    def _download(self, requirements: list[str], folder: str) -> None:
        command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
        command += ["--platform", self._platform, "--dest", folder, *self._options, *requirements]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            last = run.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
            raise AwsFailed(f"pip could not fetch what the functions need: {last[0].removeprefix('ERROR: ')}.")


class InstalledPackages:
    """As they are on this machine, for a Lambda that is this machine."""

    def files(self, distributions: Mapping[str, str]) -> Files:
        found: Files = {}
        for name in distributions:
            for file in metadata.distribution(name).files or ():
                if _is_code(str(file)) and (path := Path(str(file.locate()))).is_file():
                    found[str(file)] = path.read_bytes()
        return found


def bundle(entries: tuple[str, ...], packages: PackageSource, without: tuple[str, ...] = AMONG_LAMBDA) -> bytes:
    reach = reach_of(entries)
    return make_zip(packages.files(distributions_of(reach.imports, without)) | own_files(reach))


def own_files(reach: Reach) -> Files:
    return {name: (ROOT / name).read_bytes() for name in reach.files}


def _is_code(name: str) -> bool:
    return not name.startswith("..") and "__pycache__" not in name and not name.endswith((".pyc", ".pyi"))
