from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from structlog.testing import capture_logs

from generation.reference_logits import ReferenceLogits
from tests.fakes.saved_models import save_tiny_gpt2
from tests.fakes.tiny_models import NetworkModel, build_tiny_gpt2


@pytest.fixture(scope="module")
def loaded() -> NetworkModel:
    return build_tiny_gpt2()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_gpt2(tmp_path / "model")


def references(folder: Path, positions: int = 512) -> ReferenceLogits:
    return ReferenceLogits(folder.parent / "cache", folder, 257, positions)


def files(folder: Path) -> list[Path]:
    """Hidden ones, too."""
    return list((folder.parent / "cache" / "reference").iterdir())


def test_what_was_recorded_is_there_for_the_next_process(folder: Path, loaded: NetworkModel) -> None:
    assert references(folder).load() is None
    references(folder).record(loaded.network)
    again = references(folder)
    with torch.inference_mode():
        expected = loaded.network(torch.tensor([again.token_ids])).logits[0]
    logits = again.load()
    assert logits is not None
    assert torch.equal(logits, expected)
    assert len(files(folder)) == 1


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@pytest.mark.parametrize("change", ["content", "time"])
def test_changed_files_are_another_model(folder: Path, loaded: NetworkModel, name: str, change: str) -> None:
    references(folder).record(loaded.network)
    path = folder / name
    if change == "content":
        path.write_bytes(path.read_bytes() + b" ")
    else:
        os.utime(path, ns=(1, 1))
    assert references(folder).load() is None


def test_another_folder_is_another_model(folder: Path, loaded: NetworkModel) -> None:
    references(folder).record(loaded.network)
    other = Path(shutil.copytree(folder, folder.with_name("other")))
    assert references(other).load() is None


def test_a_file_that_can_not_be_read_is_told_and_recorded_anew(folder: Path, loaded: NetworkModel) -> None:
    references(folder).record(loaded.network)
    [path] = files(folder)
    for content in (b"", b"no safetensors", path.read_bytes()[:100]):
        path.write_bytes(content)
        with capture_logs() as logs:
            assert references(folder).load() is None
        assert [line["event"] for line in logs] == ["reference_unreadable"]
        references(folder).record(loaded.network)
        assert references(folder).load() is not None


def test_of_several_writers_each_leaves_a_whole_file(folder: Path, loaded: NetworkModel) -> None:
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(references(folder).record, loaded.network) for _ in range(4)]
        for writer in writers:
            writer.result()
    assert references(folder).load() is not None
    assert len(files(folder)) == 1


def test_a_cache_that_can_not_be_written_is_an_os_error(folder: Path, loaded: NetworkModel) -> None:
    (folder.parent / "cache").write_text("a file where the folder should be")
    assert references(folder).load() is None
    with pytest.raises(OSError):
        references(folder).record(loaded.network)


def test_a_model_of_few_positions_is_held_against_a_short_text(folder: Path, loaded: NetworkModel) -> None:
    short = references(folder, positions=7)
    assert len(short.token_ids) == 7
    short.record(loaded.network)
    logits = short.load()
    assert logits is not None
    assert len(logits) == 7
