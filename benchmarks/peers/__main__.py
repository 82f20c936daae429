"""`python -m benchmarks.peers`: install every peer that is not there yet, and convert the models for them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rich.console import Console

from benchmarks.checkpoints import MODELS, find_checkpoint
from benchmarks.peers.environments import ALL_ENVIRONMENTS, Environment, LeftOut
from benchmarks.peers.line_up import PEERS


def main() -> None:
    console = Console()
    for environment in ALL_ENVIRONMENTS:
        _install(console, environment)
    for name in MODELS:
        with console.status(f"Preparing {name} …"):
            checkpoint = find_checkpoint(name)
        for peer in PEERS:
            with console.status(f"Converting {name} for {peer.title} …"):
                _tell(console, f"{name} for {peer.title}", partial(peer.prepare, checkpoint))


def _install(console: Console, environment: Environment) -> None:
    try:
        environment.check()
        console.print(f"✓ {environment.name}")
    except LeftOut:
        with console.status(f"Installing {environment.name}; minutes, when it is compiled here …"):
            _tell(console, environment.name, environment.install)


def _tell(console: Console, what: str, work: Callable[[], object]) -> None:
    try:
        work()
        console.print(f"✓ {what}")
    except LeftOut as why:
        console.print(f"✗ {what}: {why}")


if __name__ == "__main__":
    main()
