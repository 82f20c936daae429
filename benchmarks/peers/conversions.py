"""Each checkpoint in each peer's own format, made once by the peer's own tools and kept in the cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks.checkpoints import Checkpoint, packaged_gguf
from benchmarks.folders import REPOSITORY
from benchmarks.peers.environments import CONVERSION, LLAMA_CPP, Environment, LeftOut


def for_ctranslate2(checkpoint: Checkpoint) -> Path:
    """Raises LeftOut, as do the others."""
    module = ("python", "-m", "benchmarks.peers.convert_ctranslate2", str(checkpoint.folder))
    return _made(checkpoint, "ctranslate2", lambda target: _run(CONVERSION, *module, str(target)))


def for_openvino(checkpoint: Checkpoint) -> Path:
    export = ("optimum-cli", "export", "openvino", "--model", str(checkpoint.folder), "--weight-format", "int8")
    task = ("--task", "text-generation-with-past")
    return _made(checkpoint, "openvino", lambda target: _run(CONVERSION, *export, *task, str(target)))


def for_llama_cpp(checkpoint: Checkpoint, kind: str) -> Path:
    """SmolLM2 comes as Q4_1 already, which is what its other kinds are made from."""
    if checkpoint.real_weights and kind == "Q4_1":
        return packaged_gguf()
    source = packaged_gguf() if checkpoint.real_weights else _made(checkpoint, "f32.gguf", _gpt2_writer(checkpoint))
    module = ("python", "-m", "benchmarks.peers.quantize_gguf", str(source))
    return _made(checkpoint, f"{kind}.gguf", lambda target: _run(LLAMA_CPP, *module, str(target), kind))


def _gpt2_writer(checkpoint: Checkpoint) -> Callable[[Path], None]:
    from benchmarks.peers.gpt2_gguf import write_gpt2_gguf

    return lambda target: write_gpt2_gguf(checkpoint.folder, target)


def _made(checkpoint: Checkpoint, name: str, make: Callable[[Path], None]) -> Path:
    """A file or folder has its name only when it is whole."""
    target = checkpoint.folder.parent / name
    if not target.exists():
        unfinished = target.with_name(f"unfinished-{name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.unlink(missing_ok=True)
        make(unfinished)
        unfinished.rename(target)
    return target


def _run(environment: Environment, program: str, *arguments: str) -> None:
    environment.check()
    done = subprocess.run(
        (str(environment.program(program)), *arguments),
        cwd=REPOSITORY,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise LeftOut(f"the model could not be converted: {last[:200]}")
