"""Who is measured beside the engine, and with which program, environment and model file each runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.checkpoints import Checkpoint
from benchmarks.contender import Contender
from benchmarks.peers.conversions import for_ctranslate2, for_llama_cpp, for_openvino
from benchmarks.peers.environments import CTRANSLATE2, LLAMA_CPP, OPENVINO, Environment
from benchmarks.peers.process import PeerProcess, RoutedPeer

TRANSFORMERS = "transformers fp32"


@dataclass(frozen=True, slots=True)
class Peer:
    key: str
    """What `--peers` calls it."""
    title: str
    module: str
    find_model: Callable[[Checkpoint], Path]
    environment: Environment | None = None
    """None: the project's own."""
    alone: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of a second process, which serves single sequences; none when one process serves all."""

    def prepare(self, checkpoint: Checkpoint) -> Path:
        """Raises LeftOut."""
        if self.environment is not None:
            self.environment.check()
        return self.find_model(checkpoint)

    async def start(self, checkpoint: Checkpoint) -> Contender:
        """Raises LeftOut."""
        model = self.prepare(checkpoint)
        python = str(self.environment.program("python")) if self.environment else sys.executable
        command = (python, "-m", f"benchmarks.peers.{self.module}", str(model))
        many = await PeerProcess.start(self.title, command)
        if not self.alone:
            return many
        return RoutedPeer(alone=await PeerProcess.start(self.title, command, self.alone), many=many)


PEERS = (
    Peer("transformers", TRANSFORMERS, "transformers_worker", lambda checkpoint: checkpoint.folder),
    Peer("ctranslate2", "CTranslate2 int8", "ctranslate2_worker", for_ctranslate2, CTRANSLATE2),
    Peer("openvino", "OpenVINO int8", "openvino_worker", for_openvino, OPENVINO, {"BENCH_OPENVINO": "alone"}),
    Peer("llama-q4", "llama.cpp Q4_1", "llama_cpp_worker", lambda of: for_llama_cpp(of, "Q4_1"), LLAMA_CPP),
    Peer("llama-q8", "llama.cpp Q8_0", "llama_cpp_worker", lambda of: for_llama_cpp(of, "Q8_0"), LLAMA_CPP),
)
