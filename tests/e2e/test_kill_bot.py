"""The bot is killed without warning; the next one finishes what it had accepted."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backends.store.sqlite import SqliteStore
from config.workspace import WorkspaceRef
from tests.fakes.doomed_bot import DATABASE, REQUESTS, SHOWN, prompt_of

pytestmark = pytest.mark.slow

HERE = WorkspaceRef("discord", "guild-1")
PROMPTS = {prompt_of(number) for number in range(REQUESTS)}


@dataclass(frozen=True)
class Final:
    prompt: str
    status: str
    texts: tuple[str, ...]


def finals_in(folder: Path) -> list[Final]:
    """What was shown as an end, whole lines only: the last may have been cut by the kill."""
    path = folder / SHOWN
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    shown = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [Final(each["prompt"], each["status"], tuple(each["texts"])) for each in shown if each["call"] == "finish"]


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.doomed_bot", str(folder), *arguments, cwd=root
    )


async def run(folder: Path, *arguments: str) -> int:
    async with asyncio.timeout(90):
        return await (await start(folder, *arguments)).wait()


async def kill_when_shown(folder: Path, finals: int) -> None:
    """Let it accept everything and show this many ends, then kill it."""
    process = await start(folder, "ask")
    async with asyncio.timeout(60):
        while await count_accepted(folder) < REQUESTS or len(finals_in(folder)) < finals:
            assert process.returncode is None, "it ended by itself"
            await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL


async def count_accepted(folder: Path) -> int:
    path = folder / SHOWN
    return path.read_text(encoding="utf-8").count('"call": "open"') if path.exists() else 0


async def check_ended_once(folder: Path) -> None:
    store = await SqliteStore.open(folder / DATABASE)
    try:
        records = await store.recent(HERE, "general", 1000)
        assert Counter(record.status for record in records) == {"done": REQUESTS}
        assert {record.prompt for record in records} == PROMPTS
        assert await store.undelivered(datetime(2000, 1, 1, tzinfo=UTC)) == ()
        usage = await store.usage(HERE, datetime(2000, 1, 1, tzinfo=UTC))
        assert usage.requests == REQUESTS, "something ended twice"
    finally:
        await store.aclose()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Final]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert asyncio.run(run(folder, "ask")) == 0
    finals = finals_in(folder)
    assert len(finals) == REQUESTS
    return {final.prompt: final for final in finals}


@pytest.mark.parametrize("after_finals", [0, 4, 12])
async def test_everything_accepted_ends_as_if_nothing_had_happened(
    tmp_path: Path, undisturbed: dict[str, Final], after_finals: int
) -> None:
    await kill_when_shown(tmp_path, after_finals)
    before = len(finals_in(tmp_path))
    assert before < REQUESTS
    assert await run(tmp_path, "resume") == 0
    await check_ended_once(tmp_path)
    finals = finals_in(tmp_path)
    assert {final.prompt: final for final in finals} == undisturbed
    assert set(finals) == set(undisturbed.values())
    again = [prompt for prompt, times in Counter(final.prompt for final in finals).items() if times > 1]
    assert set(again) <= {final.prompt for final in finals[max(0, before - 8) : before]}, (
        "only an end that was just being marked as shown may be shown again"
    )


async def test_an_end_that_was_saved_but_not_shown_is_shown(tmp_path: Path, undisturbed: dict[str, Final]) -> None:
    assert await run(tmp_path, "ask", "3") == -signal.SIGKILL
    assert len(finals_in(tmp_path)) < REQUESTS
    store = await SqliteStore.open(tmp_path / DATABASE)
    unshown = {record.prompt for record in await store.undelivered(datetime(2000, 1, 1, tzinfo=UTC))}
    await store.aclose()
    assert unshown - {final.prompt for final in finals_in(tmp_path)}
    assert await run(tmp_path, "resume") == 0
    await check_ended_once(tmp_path)
    assert {final.prompt: final for final in finals_in(tmp_path)} == undisturbed


@pytest.mark.parametrize("opens", [1, 2])
async def test_of_a_comparison_both_sides_end_where_the_first_is(tmp_path: Path, opens: int) -> None:
    assert await run(tmp_path, "compare", str(opens)) == -signal.SIGKILL
    assert await run(tmp_path, "resume") == 0
    assert Counter(final.status for final in finals_in(tmp_path)) == {"done": 2}
    store = await SqliteStore.open(tmp_path / DATABASE)
    first, second = await store.recent(HERE, "general", 10)
    await store.aclose()
    assert first.options.seed == second.options.seed
    assert second.origin_id == first.id
    assert second.reply_ref == f"beside {first.reply_ref}"


async def test_killed_again_and_again(tmp_path: Path, undisturbed: dict[str, Final]) -> None:
    assert await run(tmp_path, "ask", "2") == -signal.SIGKILL
    for _ in range(4):
        assert await run(tmp_path, "resume", "3") == -signal.SIGKILL
    assert await run(tmp_path, "resume") == 0
    await check_ended_once(tmp_path)
    assert {final.prompt: final for final in finals_in(tmp_path)} == undisturbed
