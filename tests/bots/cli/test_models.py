"""`inkling models`."""

from __future__ import annotations

import json
from pathlib import Path

from bots.cli.model_list import list_models
from config.settings import EchoBackendSettings, LocalBackendSettings, OpenAIBackendSettings, Settings
from generation.catalogue import MODEL_NAMES
from generation.model_cache import ModelCache
from tests.fakes.command_line import run_inkling
from tests.fakes.completions import MODEL, FakeCompletions
from tests.fakes.openai_server import serve


async def test_backends_say_what_they_have_or_why_not(tmp_path: Path) -> None:
    async with serve(FakeCompletions().app()) as url:
        settings = Settings(
            cache_dir=tmp_path,
            backends={
                "local": LocalBackendSettings(model="gpt2"),
                "echo": EchoBackendSettings(kind="echo"),
                "server": OpenAIBackendSettings(kind="openai", base_url=url),
                "gone": OpenAIBackendSettings(kind="openai", base_url="http://127.0.0.1:9/v1"),
            },
        )
        found = await list_models(settings)
    offers = {offer.name: offer for offer in found.backends}
    assert offers["local"].models == ("gpt2",)
    assert offers["server"].models == (MODEL,)
    assert offers["gone"].models == ()
    assert offers["gone"].trouble.startswith("Nothing answers for gone")
    assert [model.name for model in found.models] == list(MODEL_NAMES)


async def test_model_that_was_fetched_is_here(tmp_path: Path) -> None:
    folder = ModelCache(tmp_path).hub / "models--openai-community--gpt2" / "snapshots" / "0123"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").touch()
    settings = Settings(cache_dir=tmp_path, default_backend="echo", backends={"echo": EchoBackendSettings(kind="echo")})
    here = {model.name for model in (await list_models(settings)).models if model.on_disk}
    assert "gpt2" in here
    assert "gpt2-xl" not in here


async def test_table_and_json(tmp_path: Path) -> None:
    table = await run_inkling("models", home=tmp_path)
    assert "gpt2-xl\tto download\t" in table.out
    assert "echo\tbackend (echo)\techo\n" in table.out
    told = json.loads((await run_inkling("models", "--json", home=tmp_path)).out)
    assert set(told) == {"models", "backends"}
    assert set(told["models"][0]) == {"name", "description", "hub_id", "on_disk"}
