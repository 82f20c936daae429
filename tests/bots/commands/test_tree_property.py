"""Whatever is done to a story, its tree gives back every text as it was posted, after a restart too."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bots.choosing import places, read_fork, tokens
from bots.commands.story import Completion
from bots.forks import Fork
from config.sampling import SamplingOverrides
from tests.fakes.story_life import Ask, StoryLife

OPERATIONS = 200
WRITING = ("complete", "regenerate", "same_seed", "vary", "continue", "continue", "branch", "branch", "edit")
OTHERS = ("compare", "choose", "choose", "undo", "redo", "delete", "restart")
words = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), st.sampled_from("👩‍🚀🌊 كان يا 中\n")),
    min_size=1,
    max_size=12,
).filter(lambda text: bool(text.strip()))
operations = st.tuples(st.sampled_from((*WRITING, *OTHERS)), st.integers(0, 10_000), words)
Operation = tuple[str, int, str]
SMALL = SamplingOverrides(length=2, samples=2)


async def write(life: StoryLife, kind: str, number: int, text: str) -> None:
    key = sorted(life.posted)[number % len(life.posted)]
    record = await life.core.store.request(key.request_id)
    assert record is not None
    own = life.posted[key][len(record.prompt) :]
    story, its_id = life.core.story, key.request_id
    at = number % len(own)
    fork = Fork(at, own[at : at + 1 + number % 3], text + "!!!!")
    asks: dict[str, Ask] = {
        "complete": lambda call, reply: story.complete(call, reply, Completion(text, SMALL)),
        "regenerate": lambda call, reply: story.regenerate(call, reply, its_id),
        "same_seed": lambda call, reply: story.regenerate(call, reply, its_id, same_seed=True),
        "vary": lambda call, reply: story.vary(call, reply, its_id, SamplingOverrides(length=1 + number % 3)),
        "continue": lambda call, reply: story.continue_from(call, reply, its_id, key.sample),
        "branch": lambda call, reply: story.branch(call, reply, its_id, fork, key.sample),
        "edit": lambda call, reply: story.edit(call, reply, its_id, record.prompt[: number % 40] + text),
    }
    await life.do(asks[kind])


async def choose(life: StoryLife, number: int) -> None:
    """Go on from another token, as a menu under 📊 Why lets one."""
    key = sorted(life.posted)[number % len(life.posted)]
    insight = await life.core.insight.why(life.call(), key.request_id, key.sample)
    if offered := places(insight, 25):
        there = tokens(insight, offered[number % len(offered)].value)
        fork = read_fork(there[number % len(there)].value)
        await life.do(lambda call, reply: life.core.story.branch(call, reply, key.request_id, fork, key.sample))


async def operate(life: StoryLife, operation: Operation) -> None:
    kind, number, text = operation
    if not life.posted:
        await life.do(lambda call, reply: life.core.story.complete(call, reply, Completion(text, SMALL)))
    its_id = sorted(life.posted)[number % len(life.posted)].request_id
    if kind == "restart":
        await life.restart()
    elif kind == "compare":
        await life.compare(Completion(text, SMALL), Completion(text, SamplingOverrides(length=1 + number % 3)))
    elif kind == "choose":
        await choose(life, number)
    elif kind == "undo":
        await life.core.results.undo(life.call(), its_id)
    elif kind == "redo":
        await life.core.results.redo(life.call(), its_id)
    elif kind == "delete":
        await life.core.results.delete(life.call(), its_id)
        life.forget(its_id)
    else:
        await write(life, kind, number, text)


async def check(life: StoryLife) -> None:
    """Every posted text that is still part of a story comes out of its tree byte for byte."""
    for key, text in life.posted.items():
        record = await life.core.store.request(key.request_id)
        assert record is not None
        tree = await life.core.tree.tree_of(life.call(), key.request_id)
        if key in tree.nodes:
            assert tree.full_text(key).encode() == text.encode()
        else:
            assert record.withdrawn
        assert {node.request.story_id for node in tree.nodes.values()} <= {record.story_id}


async def live(path: Path, done: Sequence[Operation]) -> None:
    life = StoryLife(path / "inkling.db")
    await life.start()
    try:
        for number, operation in enumerate(done):
            await operate(life, operation)
            if number == len(done) // 2:
                await life.restart()
        await check(life)
        await life.restart()
        await check(life)
    finally:
        await life.stop()


PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: each of its steps would be another 200 operations."""


@settings(max_examples=5, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(st.lists(operations, min_size=OPERATIONS, max_size=OPERATIONS))
def test_every_text_comes_out_of_its_tree_as_it_was_posted(done: list[Operation]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder), done))
