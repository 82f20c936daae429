"""`inkling explain` in a process of its own, over a real engine with a tiny model."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fakes.command_line import run_inkling, server_settings
from tests.fakes.random_models import build_random
from tests.fakes.sentences import check_sentence
from tests.fakes.served_engine import serve_engine


async def test_bars_for_what_could_come_and_for_what_came(tmp_path: Path) -> None:
    async with serve_engine(build_random("gpt2")) as served:
        flags = ("--length", "5", "--seed", "7", "--top-k", "3", "--picture", str(tmp_path / "why.png"))
        finished = await run_inkling("explain", "Once", *flags, home=tmp_path, settings=server_settings(served.url))
    assert (finished.code, finished.err) == (0, "Waking the model.\n")
    lines = finished.out.splitlines()
    assert lines[0].startswith("What could come after")
    assert lines[1] == "temperature 0.8 · top_k 3 · top_p 0.95"
    assert sum(line.endswith("cut off") for line in lines) >= 7
    assert sum(line.startswith("  prompt") for line in lines) == 4
    assert sum(line.startswith("  model") for line in lines) == 5
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")


async def test_json_has_every_number(tmp_path: Path) -> None:
    async with serve_engine(build_random("gpt2")) as served:
        asked = ("explain", "--json", "Once", "--length", "5", "--seed", "7")
        finished = await run_inkling(*asked, home=tmp_path, settings=server_settings(served.url))
    told = json.loads(finished.out)
    assert len(told["candidates"]) == 20
    assert [each["written"] for each in told["tokens"]] == [False] * 4 + [True] * 5
    assert told["options"]["seed"] == 7


async def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    refused = await run_inkling("explain", "Once", home=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    check_sentence(refused.err.splitlines()[-1])
    async with serve_engine(build_random("gpt2")) as served:
        nowhere = ("explain", "Once", "--picture", str(tmp_path / "no" / "why.png"))
        finished = await run_inkling(*nowhere, home=tmp_path, settings=server_settings(served.url))
    assert finished.code == 2
    assert "no such file or directory" in finished.err
