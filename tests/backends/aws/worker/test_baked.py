"""What an image holds, and how a function uses it without writing to it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module, resources
from pathlib import Path

import pytest

from backends.aws.worker.baked import BAKED, bake, use_baked
from config.errors import InvalidSettings
from generation.load_progress import LoadProgress
from generation.model_cache import ModelCache
from generation.model_source import find_source
from generation.models import load_model
from tests.fakes.saved_models import save_tiny_gguf


def dockerfile() -> str:
    return resources.files("backends.aws.worker").joinpath("Dockerfile").read_text()


@pytest.fixture
def baked(tmp_path: Path) -> Path:
    """As an image's build leaves it."""
    folder = tmp_path / "baked"
    for name in ("hub/model/weights", "converted/tiny/weights", "native/kernels.so"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return folder


def test_models_are_used_where_they_lie_and_kernels_may_be_added(baked: Path, tmp_path: Path) -> None:
    cache = tmp_path / "tmp" / "cache"
    use_baked(baked, cache)
    assert (cache / "hub" / "model" / "weights").read_text() == "hub/model/weights"
    assert (cache / "hub").is_symlink()
    (cache / "native" / "other.so").touch()
    assert not (baked / "native" / "other.so").exists()
    use_baked(baked, cache)
    assert (cache / "native" / "other.so").exists()


def test_without_anything_baked_nothing_is_made(tmp_path: Path) -> None:
    use_baked(tmp_path / "none", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_a_start_converts_nothing_that_was_baked(tmp_path: Path) -> None:
    model = save_tiny_gguf(tmp_path / "tiny.gguf")
    bake(str(model), tmp_path / "baked")
    (converted,) = (path for path in (tmp_path / "baked" / "converted").iterdir() if path.is_dir())
    before = {path.name for path in converted.parent.iterdir()}
    use_baked(tmp_path / "baked", tmp_path / "cache")
    loaded = load_model(find_source(str(model)), ModelCache(tmp_path / "cache"), LoadProgress())
    assert loaded.folder.resolve() == converted.resolve()
    assert {path.name for path in converted.parent.iterdir()} == before


def test_a_model_that_there_is_not_ends_the_build(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"no file .*missing\.gguf"):
        bake(str(tmp_path / "missing.gguf"), tmp_path / "baked")


def test_the_image_runs_what_there_is() -> None:
    module, _, name = re.findall(r'CMD \["(.*)"\]', dockerfile())[0].rpartition(".")
    assert callable(getattr(import_module(module), name))
    (baker,) = re.findall(r"-m (backends\S+) .*", dockerfile())
    assert import_module(baker).BAKED == BAKED
    assert str(BAKED) in dockerfile()


def test_a_function_loads_neither_torch_nor_the_bots() -> None:
    """Its start is short; the engine's process has torch."""
    program = (
        "import sys, backends.aws.worker.function\n"
        "sys.exit(sorted({'torch', 'transformers', 'discord', 'bots'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
