"""Inkling itself as a wheel, and the versions of what it needs: what a machine installs.

Made from the modules at hand, so that it is the same from a source folder and from an installation, needs no build
tool, and gives the same bytes for the same code. The version says which code it is.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from importlib import metadata

from backends.aws.calls import AwsFailed
from backends.aws.deploy.archive import digest, make_zip
from backends.aws.deploy.reach import PACKAGES, ROOT, distributions_of, reach_of

ENTRIES = ("backends.aws.worker.__main__", "generation.__main__")
"""What runs on a machine."""
CPU_TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True, slots=True)
class Wheel:
    name: str
    content: bytes


def build_wheel() -> Wheel:
    """Raises AwsFailed when this Inkling is not installed, so that nothing says which version it is."""
    try:
        distribution = metadata.distribution("inkling")
    except metadata.PackageNotFoundError as error:
        raise AwsFailed("Inkling is not installed here, so there is nothing to send; run `make chat` once.") from error
    files = package_files()
    version = f"{distribution.version}+{digest(make_zip(files))[:12]}"
    folder = f"inkling-{version}.dist-info"
    files[f"{folder}/METADATA"] = f"Metadata-Version: 2.1\nName: inkling\nVersion: {version}\n".encode()
    files[f"{folder}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: inkling\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{folder}/RECORD"] = _record(files, f"{folder}/RECORD")
    return Wheel(f"inkling-{version}-py3-none-any.whl", make_zip(files))


def package_files() -> dict[str, bytes]:
    """All of our packages, with what lies beside the modules."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    return {
        str(path.relative_to(ROOT)): path.read_bytes()
        for path in paths
        if "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def requirements() -> str:
    """One line each, as pip reads them, with the versions that are installed here; torch for the processor alone."""
    needed = distributions_of(reach_of(ENTRIES).imports)
    lines = [f"{name}=={version}" for name, version in needed.items() if not _is_for_graphics_cards(name)]
    return "\n".join([f"--extra-index-url {CPU_TORCH_INDEX}", *lines, ""])


def _is_for_graphics_cards(name: str) -> bool:
    return name.startswith(("nvidia-", "cuda-")) or name == "triton"


def _record(files: dict[str, bytes], own: str) -> bytes:
    rows = []
    for name in sorted(files):
        checksum = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={checksum},{len(files[name])}")
    return "\n".join([*rows, f"{own},,", ""]).encode()
