"""`inkling explain --choose` in a process of its own, over a real engine with a tiny model."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.command_line import Finished, run_inkling, server_settings, sitting_inkling
from tests.fakes.random_models import build_random
from tests.fakes.served_engine import serve_engine

ASKED = ("explain", "Once", "--length", "5", "--seed", "2", "--top-k", "3")
"""What is written here is text, token by token."""


@pytest.fixture
async def server() -> AsyncIterator[dict[str, str]]:
    async with serve_engine(build_random("gpt2")) as served:
        yield server_settings(served.url)


async def explained(home: Path, server: dict[str, str]) -> list[dict[str, Any]]:
    finished = await run_inkling(*ASKED, "--json", home=home, settings=server)
    taken: list[dict[str, Any]] = json.loads(finished.out)["taken"]
    assert len(taken) == 5
    return taken


async def chosen(home: Path, server: dict[str, str], choice: str, *flags: str) -> Finished:
    return await run_inkling(*ASKED, "--choose", choice, *flags, home=home, settings=server)


async def test_another_token_is_gone_on_with_by_the_same_options(tmp_path: Path, server: dict[str, str]) -> None:
    taken = await explained(tmp_path, server)
    finished = await chosen(tmp_path, server, "3:2")
    other = taken[2]["others"][1]["text"]
    assert finished.code == 0
    assert finished.out.startswith("".join(each["text"] for each in taken[:2]) + other)
    assert f'Took "{other}" instead of' in finished.err
    assert "seed 2 · top_k 3 · length 5 · 5 tokens" in finished.err
    assert (await chosen(tmp_path, server, "3:2")).out == finished.out


async def test_without_a_rank_and_nobody_to_ask_it_is_the_likeliest_other(
    tmp_path: Path, server: dict[str, str]
) -> None:
    assert (await chosen(tmp_path, server, "3")).out == (await chosen(tmp_path, server, "3:1")).out


async def test_json_is_that_of_a_completion(tmp_path: Path, server: dict[str, str]) -> None:
    taken = await explained(tmp_path, server)
    picture = tmp_path / "why.png"
    told = json.loads((await chosen(tmp_path, server, "2", "--json", "--picture", str(picture))).out)
    assert told["prompt"] == "Once" + taken[0]["text"] + taken[1]["others"][0]["text"]
    assert told["options"]["seed"] == 2
    assert len(told["samples"]) == 1
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("9", "position must be between 1 and 5; you gave 9."),
        ("1:99", "rank must be between 1 and 4 at position 1; you gave 99."),
        ("1:0", "rank must be between 1 and 4 at position 1; you gave 0."),
        ("x", "--choose must be a position such as 3, or 3:2 for the second likeliest there; you gave x."),
        ("3:", "--choose must be a position such as 3, or 3:2 for the second likeliest there; you gave 3:."),
    ],
)
async def test_what_cant_be_chosen(tmp_path: Path, server: dict[str, str], choice: str, sentence: str) -> None:
    finished = await chosen(tmp_path, server, choice)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.splitlines()[-1] == sentence


@pytest.mark.parametrize(("choice", "tokens"), [("9", 0), ("5:99", 5)])
async def test_what_cant_be_chosen_is_refused_before_more_is_written(tmp_path: Path, choice: str, tokens: int) -> None:
    async with serve_engine(build_random("gpt2")) as served:
        assert (await chosen(tmp_path, server_settings(served.url), choice)).code == 2
        assert served.engine.stats().completion_tokens_total == tokens


async def test_what_was_lowered_is_told(tmp_path: Path, server: dict[str, str]) -> None:
    told = (await chosen(tmp_path, server, "3", "--samples", "2")).err
    assert "samples 2 → 1 (the first is explained" in told


@pytest.mark.parametrize(("typed", "token"), [("2\n", "\\n"), ("\n", "\\x16")])
async def test_at_a_terminal_one_is_asked(tmp_path: Path, server: dict[str, str], typed: str, token: str) -> None:
    async with sitting_inkling(*ASKED, "--choose", "5", home=tmp_path, settings=server) as sitting:
        await sitting.until("Which one? (1 – 2; 1)")
        assert "Instead of 5. w, 4.1 %" in sitting.shown
        assert "2. ↵, 3.6 %" in sitting.shown
        sitting.type(typed)
        assert await sitting.end() == 0
        await sitting.until(f'Took "{token}" instead of "w", 4 characters in.')


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("the second\n", "A token's number was asked for; you gave the second."), ("\x04", "Nothing was chosen.")],
)
async def test_what_is_typed_there_has_to_be_a_number(
    tmp_path: Path, server: dict[str, str], typed: str, sentence: str
) -> None:
    async with sitting_inkling(*ASKED, "--choose", "5", home=tmp_path, settings=server) as sitting:
        await sitting.until("Which one?")
        sitting.type(typed)
        assert await sitting.end() == 2
        await sitting.until(sentence)


async def test_nothing_is_chosen_by_ctrl_c(tmp_path: Path, server: dict[str, str]) -> None:
    async with sitting_inkling(*ASKED, "--choose", "5", home=tmp_path, settings=server) as sitting:
        await sitting.until("Which one?")
        sitting.process.send_signal(signal.SIGINT)
        assert await sitting.end() == 130
