"""The flags of `python -m benchmarks`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.checkpoints import MODELS
from benchmarks.engine_server import EngineVariant, knows_flag
from benchmarks.peers.line_up import PEERS
from benchmarks.quality import REFERENCE

PARTS = ("throughput", "first-token", "crowd", "memory", "startup", "quality")
OURS, OVER_HTTP = "Inkling", "Inkling over HTTP"


@dataclass(frozen=True, slots=True)
class Choice:
    models: tuple[str, ...]
    peers: tuple[str, ...]
    parts: tuple[str, ...]
    runs: int
    engines: tuple[EngineVariant, ...]
    """Asked over HTTP."""
    inside: bool
    """Whether the engine is also asked inside a process, as its peers are."""
    saves: bool

    @property
    def ours(self) -> str:
        """Who everyone is compared with."""
        return OURS if self.inside else self.engines[0].title

    @property
    def reference(self) -> EngineVariant | None:
        """Our own fp32, which agreement is measured against; None where the engine has but one precision."""
        return EngineVariant(REFERENCE, ("--precision", "fp32")) if knows_flag("--precision") else None


def parse_choice(arguments: Sequence[str]) -> Choice:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=_EPILOG)
    keys = tuple(peer.key for peer in PEERS)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--peers", nargs="*", choices=keys, default=keys)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--runs", type=_read_runs, default=3, help="of each measurement, after one to warm up (3)")
    parser.add_argument("--quick", action="store_true", help="one run of each; figures are rough, nothing is saved")
    parser.add_argument("--engine", action="append", type=_read_variant, metavar='"TITLE=FLAGS"', default=[])
    given = parser.parse_args(arguments)
    complete = set(given.models) == set(MODELS) and set(given.parts) == set(PARTS)
    return Choice(
        models=tuple(given.models),
        peers=tuple(given.peers),
        parts=tuple(given.parts),
        runs=1 if given.quick else given.runs,
        engines=tuple(given.engine) or (EngineVariant(OVER_HTTP),),
        inside=not given.engine,
        saves=complete and not given.quick,
    )


_EPILOG = 'An engine of its own flags: --engine "Inkling fp32=--precision fp32". The first one is compared with.'


def _read_runs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on; you gave {text}.")
    return int(text)


def _read_variant(text: str) -> EngineVariant:
    title, _, flags = text.partition("=")
    return EngineVariant(title, tuple(shlex.split(flags)))
