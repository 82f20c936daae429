"""`inkling story` tells what the page has written, and `inkling compare` writes twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.store.records import Parent
from backends.store.sqlite import SqliteStore
from bots.web.identity import WORKSPACE, YOU
from tests.fakes.command_line import run_inkling, sitting_inkling
from tests.fakes.records import make_finished_sample, make_outcome, make_request

OWN = {"workspace": WORKSPACE, "requester_id": YOU.id, "requester_name": YOU.name}


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    store = await SqliteStore.open(tmp_path / "data" / "inkling.db")
    first = make_request(prompt="Once 👩‍🚀", **OWN)
    further = make_request(
        prompt="Once 👩‍🚀 كان",
        kind="continue",
        parent=Parent(first.id, 0),
        story_id=first.id,
        origin_id=first.id,
        **OWN,
    )
    for record, text in ((first, " كان"), (further, " the end\n")):
        await store.accept(record)
        await store.finish(record.id, make_outcome(), [make_finished_sample(record, text=text)])
    await store.aclose()
    return tmp_path


async def test_the_text_comes_out_letter_by_letter(home: Path) -> None:
    finished = await run_inkling("story", "text", home=home)
    assert (finished.code, finished.out, finished.err) == (0, "Once 👩‍🚀 كان the end\n", "")


async def test_what_is_read_is_the_text_and_the_rest_goes_to_stderr(home: Path) -> None:
    finished = await run_inkling("story", home=home)
    assert finished.out == "Once 👩‍🚀 كان the end\n\n"
    assert finished.err.startswith("Sample 2 of 2, step 2 of its story. `inkling story tree` shows the others")


async def test_the_tree_and_one_of_its_samples(home: Path) -> None:
    finished = await run_inkling("story", "tree", "--number", "1", home=home)
    assert finished.out == "Once 👩‍🚀\n└─● 1 كان\n   └─○ 2 the end\n"


async def test_a_picture_in_a_file(home: Path) -> None:
    target = home / "tree.png"
    finished = await run_inkling("story", "picture", "-o", str(target), home=home)
    assert finished.code == 0
    assert target.read_bytes().startswith(b"\x89PNG")
    assert finished.err == "A story's tree with 2 samples; the way taken, 2 steps long, is marked.\n"


async def test_where_there_is_no_story(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for where, flags, channel in ((tmp_path_factory.mktemp("new"), (), "general"), (home, ("--channel", "po"), "po")):
        finished = await run_inkling("story", *flags, home=where)
        assert finished.code == 2
        assert finished.err.startswith(f"There is no story in #{channel} yet; `inkling chat` opens the page")


async def test_two_sides(tmp_path: Path) -> None:
    words = "length=3 seed=5 vs length=4 The sea was calm"
    finished = await run_inkling("compare", *words.split(), home=tmp_path)
    first, second = finished.out.split("---\n")
    assert (finished.code, len(first.split()), len(second.split())) == (0, 3, 4)
    assert second.split()[:3] == first.split()
    heading, footer, *its_other = finished.err.splitlines()
    assert heading.endswith("length 3")
    assert footer.startswith("echo · seed 5 · length 3 · 3 tokens")
    assert its_other[1].startswith("echo · seed 5 · length 4 · 4 tokens")
    assert "@you" not in finished.err


async def test_no_side_turns_the_other_one_on_a_terminal(tmp_path: Path) -> None:
    async with sitting_inkling("compare", "length=3", "vs", "length=4", "The \u202esea", home=tmp_path) as sitting:
        assert await sitting.end() == 0
        await sitting.until("The \\u{202E}sea")
        assert "\u202e" not in sitting.shown


async def test_sides_that_cant_be_read(tmp_path: Path) -> None:
    finished = await run_inkling("compare", "The", "sea", home=tmp_path)
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith("Put vs between the two sides")
