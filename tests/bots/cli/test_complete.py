"""`inkling complete` in a process of its own, with the echo backend."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.fakes.command_line import ECHO, Finished, environment, run_inkling, started_inkling
from tests.fakes.sentences import check_sentence

PROMPT = "Once upon a time there was a lighthouse"


async def texts(*flags: str, home: Path) -> list[str]:
    finished = await run_inkling("complete", "--json", PROMPT, *flags, home=home)
    return [sample["text"] for sample in json.loads(finished.out)["samples"]]


def check_refused(finished: Finished) -> None:
    assert (finished.code, finished.out) == (2, "")
    check_sentence(finished.err.removesuffix("\n"))


async def test_text_goes_to_stdout_and_the_rest_to_stderr(tmp_path: Path) -> None:
    finished = await run_inkling("complete", PROMPT, "--seed", "7", "--length", "5", home=tmp_path)
    assert finished.code == 0
    assert len(finished.out.split()) == 5
    assert finished.out.startswith(" ")
    assert finished.out.endswith("\n")
    assert finished.err.startswith("echo · seed 7 · length 5 · 5 tokens")
    assert "\x1b" not in finished.out + finished.err


async def test_a_sample_depends_on_its_seed_alone(tmp_path: Path) -> None:
    first, again, third = await asyncio.gather(
        texts("--seed", "7", "--samples", "3", home=tmp_path),
        texts("--seed", "7", "-n", "3", home=tmp_path),
        texts("--seed", "9", "--num-samples", "1", home=tmp_path),
    )
    assert first == again
    assert len(set(first)) == 3
    assert third == first[2:]


async def test_several_samples_follow_each_other(tmp_path: Path) -> None:
    finished = await run_inkling("complete", PROMPT, "--samples", "3", "--length", "4", home=tmp_path)
    assert [len(line.split()) for line in finished.out.splitlines()] == [4, 4, 4]
    lines = finished.err.splitlines()
    assert lines[:3] == ["— 1/3 —", "— 2/3 —", "— 3/3 —"]
    assert [line[:6] for line in lines[3:]] == ["1/3 · ", "2/3 · ", "3/3 · "]


async def test_json_holds_everything(tmp_path: Path) -> None:
    flags = ("--top-n", "12", "--length", "500", "--seed", "3", "--stop", "time", "--stop", "\\n")
    finished = await run_inkling("complete", "--json", PROMPT, *flags, home=tmp_path)
    told = json.loads(finished.out)
    assert finished.err == ""
    assert (told["prompt"], told["model"], told["backend"]) == (PROMPT, "echo", "echo")
    assert (told["status"], told["error"]) == ("done", None)
    assert told["options"]["top_k"] == 12
    assert told["options"]["seed"] == 3
    assert told["options"]["stop"] == ["time", "\n"]
    assert told["options"]["length"] == 400
    assert told["notes"] == ["length 500 → 400 (the operator's limit, limits.max_length)"]
    [sample] = told["samples"]
    assert set(sample) == {"text", "seed", "finish_reason", "stop_reason", "completion_tokens"}
    assert (sample["seed"], sample["finish_reason"], sample["stop_reason"]) == (3, "stop", "time")
    assert set(told["timings"]) == {"queued_s", "first_token_s", "total_s", "tokens_per_s"}
    assert 0 <= told["timings"]["queued_s"] <= told["timings"]["first_token_s"] <= told["timings"]["total_s"]


async def test_prompt_from_stdin_and_file_is_the_same_text(tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(f"{PROMPT}\n", encoding="utf-8-sig")
    piped, named, at = await asyncio.gather(
        run_inkling("complete", "-", "--seed", "1", home=tmp_path, stdin=f"{PROMPT}\n".encode()),
        run_inkling("complete", "--file", "story.txt", "--seed", "1", home=tmp_path),
        run_inkling("complete", "@story.txt", "--seed", "1", home=tmp_path),
    )
    assert piped.out == named.out == at.out != ""


async def test_prompt_may_begin_with_dashes(tmp_path: Path) -> None:
    finished = await run_inkling("complete", "--json", "--", "--temperature 3", home=tmp_path)
    assert json.loads(finished.out)["prompt"] == "--temperature 3"


async def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    check_refused(await run_inkling("complete", b"caf\xe9 au lait", home=tmp_path))


async def test_prompt_without_end_is_refused_early(tmp_path: Path) -> None:
    zeros = os.open("/dev/zero", os.O_RDONLY)
    async with started_inkling("complete", "-", home=tmp_path, stdin=zeros) as process:
        os.close(zeros)
        out, err = await process.communicate()
        check_refused(Finished(process.returncode or 0, out.decode(), err.decode()))


async def test_ten_megabytes_are_taken_where_the_operator_allows_them(tmp_path: Path) -> None:
    settings = {**ECHO, "INKLING_LIMITS__MAX_PROMPT_CHARACTERS": "10000000"}
    prompt = b"word " * 2_000_000
    cut = await run_inkling("complete", "-", "--length", "2", home=tmp_path, settings=settings, stdin=prompt)
    assert (cut.code, cut.out) == (0, " word word\n")
    assert cut.err.startswith("That prompt is 2,000,000 tokens;")
    refused = await run_inkling("complete", "-", "--no-cut", home=tmp_path, settings=settings, stdin=prompt)
    check_refused(refused)


async def test_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    async with started_inkling("complete", PROMPT, "-n", "8", "--length", "400", home=tmp_path, out=writing) as process:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        _, err = await process.communicate()
        assert process.returncode in (0, 141), "0 when all was written before the pipe closed"
        assert b"Traceback" not in err
        assert b"Broken" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
async def test_full_disk_is_told(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    async with started_inkling("complete", PROMPT, home=tmp_path, out=full) as process:
        os.close(full)
        _, err = await process.communicate()
        assert process.returncode == 1
        assert err.decode() == "I can't write to standard output: no space left on device.\n"


async def test_bot_process_stays_light(tmp_path: Path) -> None:
    program = (
        "import sys; from bots.cli.exits import run\n"
        "assert run(['complete', 'hello there']) == 0\n"
        "heavy = {'torch', 'transformers', 'numpy', 'tokenizers'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env=environment(tmp_path, ECHO), cwd=tmp_path
    )
    assert await process.wait() == 0
