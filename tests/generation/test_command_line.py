from __future__ import annotations

from pathlib import Path

import pytest

from backends.local import engine_arguments
from config.errors import InvalidSettings
from config.settings import LocalBackendSettings
from generation.catalogue import CATALOGUE, DEFAULT_MODEL, suggest_model
from generation.command_line import parse_flags


def test_defaults() -> None:
    flags = parse_flags([])
    assert (flags.model, flags.host, flags.port, flags.socket) == (DEFAULT_MODEL, "127.0.0.1", 8077, None)
    assert (flags.max_running, flags.max_waiting, flags.threads) == (16, 64, None)
    assert (flags.precision, flags.cache_mb) == ("auto", 256)
    assert (flags.exit_with_parent, flags.read_api_key()) == (False, None)


def test_what_the_local_backend_passes() -> None:
    settings = LocalBackendSettings(
        model="gpt2", max_running=3, max_waiting=5, threads=2, precision="bf16", cache_mb=100
    )
    flags = parse_flags(engine_arguments(settings, Path("/tmp/s"), Path("/tmp/c")))
    assert (flags.model, flags.socket, flags.cache_dir) == ("gpt2", Path("/tmp/s"), Path("/tmp/c"))
    assert (flags.max_running, flags.max_waiting, flags.threads, flags.exit_with_parent) == (3, 5, 2, True)
    assert (flags.precision, flags.cache_mb) == ("bf16", 100)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "70000"], "--port: must be a whole number between 0 and 65,535; you gave 70000."),
        (["--max-running", "0"], "--max-running: must be a whole number between 1 and 256; you gave 0."),
        (["--threads", "two"], "--threads: must be a whole number between 1 and 512; you gave two."),
        (["--cache-mb", "8"], "--cache-mb: must be a whole number between 16 and 262,144; you gave 8."),
        (["--precision", "int4"], "--precision: must be one of auto, int8, bf16, fp32; you gave int4."),
        (["--port"], "--port: expected one argument."),
        (["--max_running", "3"], "I don't know --max_running. Did you mean --max-running?"),
        (["gpt2"], "I don't know gpt2."),
        (["--socket", "s", "--host", "h"], "--socket stands alone: leave out --host and --port, or --socket."),
    ],
)
def test_refusals(arguments: list[str], sentence: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        parse_flags(arguments)
    assert refused.value.sentence == sentence


def test_key_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("a-key\n")
    assert parse_flags(["--api-key-file", str(file)]).read_api_key() == "a-key"
    for content in (b"", b"\n", b"two keys", b"\xff"):
        file.write_bytes(content)
        with pytest.raises(InvalidSettings, match="--api-key-file"):
            parse_flags(["--api-key-file", str(file)]).read_api_key()
    with pytest.raises(InvalidSettings, match="--api-key-file"):
        parse_flags(["--api-key-file", "/dev/zero"]).read_api_key()


def test_catalogue() -> None:
    assert {model.name for model in CATALOGUE} >= {"gpt2", "distilgpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"}
    assert all((model.hub_id is None) != (model.package is None) for model in CATALOGUE)
    assert suggest_model("GPT2-XXL") == "Did you mean gpt2-xl?"
    assert suggest_model("zzz").startswith("I know smollm2-135m, ")
