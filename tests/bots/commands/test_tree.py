from __future__ import annotations

import pytest

from backends.store.records import Parent
from bots.commands.tree import StoryAsk, Told, parse_story
from bots.documents import Document, Picture
from bots.forks import Fork
from bots.story_tree import NodeKey
from config.errors import InvalidOptions, NotFound
from tests.fakes.recording_reply import RecordingReply
from tests.fakes.worlds import ANN, BOB, Asked, World, open_world

PNG = b"\x89PNG"


async def branch(world: World, origin: Asked, text: str) -> Asked:
    """Another token where the first sample says `lamp`, and this text from there."""
    reply = RecordingReply()
    fork = Fork(len(" there was a "), "lamp", "dragon")
    accepted = await world.core.story.branch(world.call(), reply, origin.id, fork)
    (await world.backend.next_run()).complete(text)
    await world.core.jobs.wait(accepted.record.id)
    return Asked(accepted, reply)


async def told(world: World, ask: StoryAsk, at: Asked) -> Told:
    return await world.core.tree.tell(world.call(), ask, NodeKey(at.id, 0))


class TestBranch:
    async def test_goes_on_from_the_place_with_the_same_options_and_seed(self) -> None:
        async with open_world() as world:
            done = await world.completed(temperature=0.3, seed=5)
            record = (await branch(world, done, " who slept")).accepted.record
            assert record.prompt == "Once upon a time there was a dragon"
            assert record.options == done.accepted.record.options
            assert (record.kind, record.origin_id, record.story_id) == ("branch", done.id, done.id)
            assert record.parent == Parent(done.id, 0, len(" there was a "))
            assert record.notes == ('Took "dragon" instead of "lamp", 13 characters in.',)

    async def test_at_a_place_that_isnt_there_nothing_is_written(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            with pytest.raises(InvalidOptions, match="isn't in the text any more"):
                await world.core.story.branch(world.call(), RecordingReply(), done.id, Fork(3, "lamp", "dragon"))
            assert world.core.jobs.running == 0

    async def test_can_be_undone_to_where_it_came_from(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            back = await world.core.results.undo(world.call(), (await branch(world, done, " x")).id)
            assert back is not None
            assert back.request_id == done.id


class TestTell:
    async def test_to_read(self) -> None:
        async with open_world() as world:
            branched = await branch(world, await world.completed(), " who slept")
            lines = (await told(world, StoryAsk(), branched)).said
            assert lines[0] == "Once upon a time there was a dragon who slept"
            assert lines[2] == "Sample 2 of 2, step 2 of its story."

    async def test_as_a_tree_with_the_way_taken(self) -> None:
        async with open_world() as world:
            branched = await branch(world, await world.completed(), " who slept")
            assert (await told(world, StoryAsk("tree"), branched)).lines == (
                "Once upon a time",
                "└─● 1 there was a lamp",
                "   └─● 2 [dragon] who slept",
            )

    async def test_up_to_a_sample_by_its_number(self) -> None:
        async with open_world() as world:
            branched = await branch(world, await world.completed(), " who slept")
            attachment = (await told(world, StoryAsk("text", 1), branched)).attachment
            assert isinstance(attachment, Document)
            assert attachment.text == "Once upon a time there was a lamp"
            with pytest.raises(InvalidOptions, match="numbered 1 to 2; you gave 3"):
                await told(world, StoryAsk("text", 3), branched)

    async def test_as_markdown_the_persons_words_are_strong(self) -> None:
        async with open_world() as world:
            branched = await branch(world, await world.completed(), " who *slept*")
            attachment = (await told(world, StoryAsk("markdown"), branched)).attachment
            assert isinstance(attachment, Document)
            assert "**Once upon a time** there was a **dragon** who \\*slept\\*" in attachment.text
            assert attachment.name.endswith(".md")

    async def test_as_a_picture(self) -> None:
        async with open_world() as world:
            branched = await branch(world, await world.completed(), " who slept")
            attachment = (await told(world, StoryAsk("picture"), branched)).attachment
            assert isinstance(attachment, Picture)
            assert attachment.content.startswith(PNG)
            assert attachment.description == "A story's tree with 2 samples; the way taken, 2 steps long, is marked."

    async def test_the_latest_of_the_channel(self) -> None:
        async with open_world() as world:
            first = await world.completed(" one")
            second = await world.completed(" two")
            assert await world.core.tree.latest(world.call()) == NodeKey(second.id, 0)
            assert await world.core.tree.latest(world.call(), lambda record: record.id == first.id) == NodeKey(
                first.id, 0
            )
            await world.core.results.undo(world.call(), second.id)
            assert await world.core.tree.latest(world.call(BOB)) == NodeKey(first.id, 0)
            with pytest.raises(NotFound, match="no story here yet"):
                await world.core.tree.latest(world.call(channel="other"))

    async def test_others_private_samples_are_not_in_it(self) -> None:
        async with open_world() as world:
            done = await world.completed()
            reply = RecordingReply()
            hidden = (await world.core.story.regenerate(world.call(private=True), reply, done.id)).record
            (await world.backend.next_run()).complete(" a secret")
            await world.core.jobs.wait(hidden.id)
            at = NodeKey(done.id, 0)
            assert len((await world.core.tree.tree_of(world.call(ANN), at.request_id)).nodes) == 2
            assert len((await world.core.tree.tree_of(world.call(BOB), at.request_id)).nodes) == 1

    async def test_of_a_result_without_text(self) -> None:
        async with open_world() as world:
            asked, _ = await world.ask_and_run()
            with pytest.raises(NotFound, match="has no text"):
                await told(world, StoryAsk(), asked)


@pytest.mark.parametrize(
    ("typed", "ask"),
    [
        ("", StoryAsk()),
        ("picture", StoryAsk("picture")),
        ("MD 4", StoryAsk("markdown", 4)),
        ("7", StoryAsk("read", 7)),
    ],
)
def test_what_is_typed(typed: str, ask: StoryAsk) -> None:
    assert parse_story(typed) == ask


def test_a_word_nobody_knows() -> None:
    with pytest.raises(InvalidOptions, match="Did you mean tree"):
        parse_story("treee")
