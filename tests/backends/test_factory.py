from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backends.echo import EchoBackend
from backends.factory import Backends
from backends.local import LocalBackend
from backends.openai import OpenAIBackend
from backends.protocol import BackendHealth
from config.errors import BackendUnavailable, NotFound
from config.settings import EchoBackendSettings, LocalBackendSettings, OpenAIBackendSettings, Settings

NOWHERE = OpenAIBackendSettings(kind="openai", base_url="http://127.0.0.1:1/v1")


class BrokenBackend(EchoBackend):
    """A backend that can't be asked or closed."""

    async def models(self) -> tuple[str, ...]:
        raise BackendUnavailable("Nothing answers.")

    async def health(self) -> BackendHealth:
        return BackendHealth("unavailable", "Nothing answers.")

    async def aclose(self) -> None:
        raise OSError("won't close")


async def test_builds_each_kind_and_starts_none(tmp_path: Path) -> None:
    kinds = {"here": LocalBackendSettings(), "there": NOWHERE, "toy": EchoBackendSettings(kind="echo")}
    settings = Settings(backends=kinds, default_backend="there", cache_dir=tmp_path)
    backends = Backends.from_settings(settings, tmp_path)
    assert backends.names == ("there", "here", "toy")
    assert [type(backends.get(name)) for name in backends.names] == [OpenAIBackend, LocalBackend, EchoBackend]
    assert backends.default is backends.get(None) is backends.get("there")
    assert (await backends.get("here").health()).state == "asleep"
    await backends.aclose()


def test_unknown_name_lists_those_there_are() -> None:
    backends = Backends({"b": EchoBackend("b"), "a": EchoBackend("a")}, "b")
    with pytest.raises(NotFound, match='There is no backend "gpu"; the backends are a, b'):
        backends.get("gpu")


async def test_models_of_a_silent_backend_are_none() -> None:
    backends = Backends({"down": BrokenBackend("down"), "toy": EchoBackend("toy")}, "down")
    assert await backends.models() == {"down": (), "toy": ("echo",)}
    assert await backends.serving("echo") is backends.get("toy")
    assert await backends.serving("gpt2") is None


async def test_default_serves_before_others() -> None:
    backends = Backends({"a": EchoBackend("a"), "b": EchoBackend("b")}, "b")
    assert await backends.serving("echo") is backends.get("b")


async def test_one_that_does_not_close_keeps_none_open() -> None:
    toy = EchoBackend("toy")
    with pytest.raises(ExceptionGroup):
        await Backends({"down": BrokenBackend("down"), "toy": toy}, "toy").aclose()
    assert (await toy.health()).state == "unavailable"


def test_the_bot_process_stays_light() -> None:
    code = "import sys, backends.factory; print([m for m in ('torch', 'transformers', 'boto3') if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
