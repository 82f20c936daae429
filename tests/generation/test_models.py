"""Loading models from disk: what works, and one sentence for what does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5Config,
    T5ForConditionalGeneration,
)

from config.errors import InvalidSettings
from generation.load_progress import LoadProgress, LoadState
from generation.model_cache import ModelCache
from generation.model_source import FolderSource, GgufSource, find_source
from generation.models import StoredModel, load_folder, load_model
from tests.fakes.saved_models import GGUF_POSITIONS, save_tiny_gguf, save_tiny_gpt2
from tests.fakes.tiny_models import build_tiny_gpt2

TEXT = "Once upon a time"


def logits_of(stored: StoredModel) -> torch.Tensor:
    return run(stored.read_network(), stored.model.tokenizer)


def expected_logits() -> torch.Tensor:
    tiny = build_tiny_gpt2()
    return run(tiny.network, tiny.tokenizer)


def run(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> torch.Tensor:
    with torch.inference_mode():
        return network(torch.tensor([tokenizer(TEXT).input_ids])).logits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_tiny_gpt2(tmp_path / "tiny")


def refusal(folder: Path) -> str:
    with pytest.raises(InvalidSettings) as refused:
        load_folder("tiny", folder).read_network()
    return refused.value.sentence


def test_folder(folder: Path, tmp_path: Path) -> None:
    stored = load_model(find_source(str(folder)), ModelCache(tmp_path / "cache"), LoadProgress())
    loaded = stored.model
    assert (loaded.name, loaded.max_model_len, loaded.eos_token_ids) == ("tiny", 512, frozenset({256}))
    assert torch.equal(logits_of(stored), expected_logits())
    assert not stored.read_network().training


def test_folder_without_config(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "tiny is no model: there is no config.json in its folder."


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_folder_with_unreadable_config(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="latin-1")
    assert refusal(tmp_path) == "tiny has a config.json I can't read."


def test_pickled_weights_are_not_opened(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert refusal(folder) == "tiny has its weights in a format that can run code; only safetensors are loaded."


def test_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert refusal(folder) == "tiny has no weights."


def test_cut_off_weights(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    assert refusal(folder).startswith("tiny can't be loaded: ")


def test_missing_weights_are_not_made_up(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "n_layer": 3}))
    assert refusal(folder) == "tiny lacks 12 of its weights; its files are incomplete."


def test_no_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert refusal(folder) == "tiny has no tokenizer."


def test_code_of_the_folder_is_not_run(folder: Path) -> None:
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    config = json.loads((folder / "config.json").read_text())
    code = {"auto_map": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}, "model_type": "evil"}
    (folder / "config.json").write_text(json.dumps({**config, **code}))
    assert "doesn't continue text" in refusal(folder)


@pytest.mark.parametrize(
    ("config", "architecture"),
    [
        (BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=300), BertForMaskedLM),
        (T5Config(d_model=32, d_ff=32, d_kv=16, num_layers=1, num_heads=2, vocab_size=300), T5ForConditionalGeneration),
    ],
)
def test_models_that_do_not_continue_text(tmp_path: Path, config, architecture) -> None:
    architecture(config).save_pretrained(tmp_path)
    assert refusal(tmp_path) == f"tiny is a model of the kind {architecture.__name__}, which doesn't continue text."


def test_gguf_is_converted_once_and_means_the_same(tmp_path: Path) -> None:
    path = save_tiny_gguf(tmp_path / "tiny.gguf")
    cache = ModelCache(tmp_path / "cache")
    heard: list[LoadState] = []
    stored = load_model(GgufSource("tiny", path), cache, LoadProgress(heard.append))
    loaded = stored.model
    assert loaded.tokenizer(TEXT).input_ids == build_tiny_gpt2().tokenizer(TEXT).input_ids
    assert torch.equal(logits_of(stored)[..., :257], expected_logits())
    assert (loaded.max_model_len, loaded.eos_token_ids) == (GGUF_POSITIONS, frozenset({256}))
    assert any("Unpacking" in state.detail for state in heard)
    assert [state.progress for state in heard] == sorted(state.progress for state in heard)

    heard.clear()
    again = load_model(GgufSource("tiny", path), cache, LoadProgress(heard.append))
    assert torch.equal(logits_of(again), logits_of(stored))
    assert [state.detail for state in heard] == ["Reading tiny into memory."]


def test_broken_gguf_files(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "cache")
    whole = save_tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
    for name, content in {"cut": whole[:-2000], "short": whole[:300], "text": b"hello", "empty": b""}.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(content)
        with pytest.raises(InvalidSettings, match=rf"^{name}\.gguf (is not a GGUF file|can't be read: .*)\.$"):
            load_model(GgufSource(name, path), cache, LoadProgress())
    assert not [path for path in (tmp_path / "cache" / "converted").iterdir() if path.is_dir()]


CONVERT = """
import sys, time
from pathlib import Path
from generation.model_cache import ModelCache

def convert(target):
    print("converts", flush=True)
    time.sleep(0.3)
    (target / "done").write_text("yes")

folder = ModelCache(Path(sys.argv[2])).converted(Path(sys.argv[1]), convert)
assert (folder / "done").read_text() == "yes"
"""


def test_two_processes_convert_once(tmp_path: Path) -> None:
    source = tmp_path / "m.gguf"
    source.write_bytes(b"GGUF")
    command = [sys.executable, "-c", CONVERT, str(source), str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(said) == ["", "", "converts\n"]


def test_half_written_conversions_are_cleared(tmp_path: Path) -> None:
    source = tmp_path / "m.gguf"
    source.write_bytes(b"GGUF")
    cache = ModelCache(tmp_path / "cache")

    def break_off(target: Path) -> None:
        (target / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.converted(source, break_off)
    whole = cache.converted(source, lambda target: target.joinpath("whole").touch())
    left = whole.parent / f".{whole.name}-dead"
    assert [path.name for path in whole.iterdir()] == ["whole"]

    # Another file of that name is another model; what a killed process left of it goes.
    source.write_bytes(b"GGUF2")
    left.mkdir()
    assert cache.converted(source, lambda target: None) != whole


def test_cache_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    source = tmp_path / "m.gguf"
    source.write_bytes(b"GGUF")
    with pytest.raises(InvalidSettings, match="I can't keep the converted model in"):
        ModelCache(tmp_path / "cache").converted(source, lambda target: None)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/no/such", 'There is no model at "/no/such". I know smollm2-135m'),
        ("./smollm2", 'There is no model at "./smollm2". Did you mean smollm2-135m?'),
        ("no.gguf", "There is no file no.gguf."),
        ("pyproject.toml", "pyproject.toml is neither a folder with a model nor a .gguf file."),
        ("", 'There is no model at "".'),
        ("a/b/c", 'There is no model at "a/b/c".'),
    ],
)
def test_names_that_mean_nothing(name: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    with pytest.raises(InvalidSettings) as refused:
        find_source(name)
    assert refused.value.sentence.startswith(sentence)


def test_names_that_mean_something(tmp_path: Path) -> None:
    assert find_source(str(tmp_path)) == FolderSource(tmp_path.name, tmp_path)
    assert find_source("gpt2").repo_id == "openai-community/gpt2"
    assert find_source("some/model").repo_id == "some/model"
