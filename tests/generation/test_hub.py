from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.errors import BackendUnavailable, InvalidSettings
from generation.hub import HubModels
from generation.load_progress import LoadProgress, LoadState
from generation.model_source import HubSource
from generation.models import load_folder
from tests.fakes.hub import FakeHub, serve_hub
from tests.fakes.saved_models import save_tiny_gpt2

NOWHERE = "http://127.0.0.1:9"
TINY = HubSource("tiny", "someone/tiny")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = save_tiny_gpt2(tmp_path_factory.mktemp("tiny"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[FakeHub]:
    others = {"pytorch_model.bin": b"p" * 1000, "onnx/model.onnx": b"o" * 1000, "README.md": b"#", "code.py": b"1/0"}
    pickled = {name: content for name, content in files.items() if not name.endswith(".safetensors")} | others
    no_tokenizer = {name: content for name, content in files.items() if not name.startswith("tokenizer")}
    repositories = {"someone/tiny": files | others, "a/pickled": pickled, "a/silent": no_tokenizer}
    with serve_hub(FakeHub(repositories, gated=frozenset({"a/gated"}))) as hub:
        yield hub


def models(tmp_path: Path, endpoint: str) -> HubModels:
    return HubModels(tmp_path / "hub", tmp_path / "shared", endpoint)


def test_only_needed_files_are_fetched_and_then_no_network_is_touched(hub: FakeHub, tmp_path: Path) -> None:
    heard: list[LoadState] = []
    folder = models(tmp_path, hub.url).fetch(TINY, LoadProgress(heard.append))
    names = {path.name for path in folder.iterdir()}
    assert "model.safetensors" in names
    assert names.isdisjoint({"pytorch_model.bin", "onnx", "README.md", "code.py"})
    assert load_folder("tiny", folder).model.max_model_len == 512
    assert heard[-1].progress == pytest.approx(0.75)
    assert "Downloading tiny" in heard[-1].detail

    hub.asked.clear()
    assert models(tmp_path, hub.url).fetch(TINY, LoadProgress()) == folder
    assert models(tmp_path, NOWHERE).fetch(TINY, LoadProgress()) == folder
    assert hub.asked == []
    elsewhere = HubModels(tmp_path / "other", tmp_path / "hub", NOWHERE)
    assert elsewhere.fetch(TINY, LoadProgress()) == folder


def test_broken_download_is_not_used_and_goes_on(hub: FakeHub, tmp_path: Path) -> None:
    hub.breaks_at = "tokenizer.json"
    with pytest.raises(BackendUnavailable, match="broke off"):
        models(tmp_path, hub.url).fetch(TINY, LoadProgress())
    with pytest.raises(InvalidSettings, match="can't be reached"):
        models(tmp_path, NOWHERE).fetch(TINY, LoadProgress())
    hub.breaks_at = None
    assert load_folder("tiny", models(tmp_path, hub.url).fetch(TINY, LoadProgress())).model.name == "tiny"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a/nothing", 'There is no model "a/nothing" on this machine or on the hub. I know smollm2-135m, '),
        ("a/gated", "a/gated asks you to accept its terms on the hub first"),
        ("a/pickled", "a/pickled has its weights in a format that can run code; only safetensors are loaded."),
        ("a/silent", "a/silent lacks files on the hub: it has no tokenizer or no weights I can use."),
    ],
)
def test_models_the_hub_does_not_have(hub: FakeHub, tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        models(tmp_path, hub.url).fetch(HubSource(name, name), LoadProgress())
    assert refused.value.sentence.startswith(sentence)


def test_without_a_network(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings) as refused:
        models(tmp_path, NOWHERE).fetch(HubSource("smollm-135m", "smollm-135m"), LoadProgress())
    assert refused.value.sentence == (
        'There is no model "smollm-135m" on this machine and the hub can\'t be reached. Did you mean smollm2-135m?'
    )
    with pytest.raises(InvalidSettings) as refused:
        models(tmp_path, NOWHERE).fetch(HubSource("gpt2", "openai-community/gpt2"), LoadProgress())
    assert refused.value.sentence == (
        "gpt2 is not on this machine and the hub can't be reached; connect once, or use smollm2-135m."
    )
