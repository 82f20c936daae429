"""/story: the story so far, as text to read or keep, as a tree, and as a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.commands.access import find_result, may_see
from bots.commands.invocation import Invocation
from bots.commands.words import Lines, choose
from bots.documents import Attachment, Document, Picture
from bots.story_text import markdown, numbered, tree_lines
from bots.story_tree import NodeKey, StoryTree, build_tree
from bots.tree_layout import Theme, lay_out
from config.errors import InvalidOptions, NotFound

StoryForm = Literal["read", "text", "markdown", "tree", "picture"]
FORMS: Mapping[str, StoryForm] = {
    "": "read",
    "read": "read",
    "text": "text",
    "markdown": "markdown",
    "md": "markdown",
    "tree": "tree",
    "picture": "picture",
    "png": "picture",
}
IsHere = Callable[[RequestRecord], bool]
_OTHERS = "/story tree and /story picture show the others; /story text and /story markdown give a file."
_LOOKED_THROUGH = 50
"""How many of a channel's latest results are looked through for one to tell the story of."""


@dataclass(frozen=True, slots=True)
class StoryAsk:
    """What /story was given: how to tell it, and up to which sample of the tree, by its number there."""

    form: StoryForm = "read"
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Lines for the one who asked, or a file."""

    lines: Lines = ()
    where: str = ""
    """Which sample of the tree that is, where nothing else says it."""
    attachment: Attachment | None = None

    @property
    def said(self) -> Lines:
        """All lines, and what else there is, in the words of a chat."""
        return (*self.lines, "", self.where, _OTHERS) if self.where else self.lines


def parse_story(text: str) -> StoryAsk:
    """`/story`, `/story picture`, `/story markdown 4`, `/story 4`."""
    words = text.split()
    number = int(words.pop()) if words and words[-1].isdecimal() and len(words[-1]) < 10 else None
    return StoryAsk(choose(" ".join(words), FORMS, "way to tell a story"), number)


def is_story(text: str) -> bool:
    """Whether what follows the word "story" asks for one, and doesn't go on as a text."""
    words = text.split()
    return len(words) <= 2 and all(word.lower() in FORMS or word.isdecimal() for word in words)


class TreeCommands:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def tree_of(self, invocation: Invocation, request_id: str) -> StoryTree:
        """The tree a result is of, as far as this person may see it."""
        return await self._tree(invocation, await find_result(self._store, invocation, request_id))

    async def latest(self, invocation: Invocation, is_here: IsHere = lambda record: True) -> NodeKey:
        """Where the channel's latest story stands; `is_here` leaves out other threads. NotFound when there is none."""
        place, channel = invocation.workspace, invocation.channel
        for record in reversed(await self._store.recent(place, channel, _LOOKED_THROUGH)):
            is_wanted = may_see(invocation, record) and not record.withdrawn and is_here(record)
            if is_wanted and (found := await self._first_text(record)):
                return found
        raise NotFound("There is no story here yet; /complete begins one.")

    async def find(self, invocation: Invocation, at: NodeKey, number: int | None = None) -> tuple[StoryTree, NodeKey]:
        """The tree a result is of, and the sample in it: the one with this number, else that of the result."""
        tree = await self.tree_of(invocation, at.request_id)
        return tree, _chosen(tree, at, number)

    async def tell(self, invocation: Invocation, ask: StoryAsk, at: NodeKey, theme: Theme = "light") -> Told:
        """The story up to the sample that is asked for; without a number, up to where it stands."""
        tree, key = await self.find(invocation, at, ask.number)
        return await _tell(tree, key, ask.form, theme)

    async def _first_text(self, record: RequestRecord) -> NodeKey | None:
        written = [each for each in await self._store.samples(record.id) if each.text]
        return NodeKey(record.id, written[0].index) if written else None

    async def _tree(self, invocation: Invocation, record: RequestRecord) -> StoryTree:
        records = [each for each in await self._store.story(record.story_id) if may_see(invocation, each)]
        return build_tree(records, await self._store.story_samples(record.story_id))


def _chosen(tree: StoryTree, at: NodeKey, number: int | None) -> NodeKey:
    if number is not None:
        found = next((key for key, each in numbered(tree).items() if each == number), None)
        if found is None:
            raise InvalidOptions(
                f"The tree's samples are numbered 1 to {len(tree.nodes)}; you gave {number}.", "number"
            )
        return found
    if at not in tree.nodes:
        raise NotFound("That result has no text, or was undone; choose another of the story.")
    return at


async def _tell(tree: StoryTree, key: NodeKey, form: StoryForm, theme: Theme) -> Told:
    name = f"inkling-story-{key.request_id[-8:].lower()}"
    match form:
        case "text":
            return Told(attachment=Document(f"{name}.txt", tree.full_text(key)))
        case "markdown":
            return Told(attachment=Document(f"{name}.md", markdown(tree, key)))
        case "tree":
            return Told(tree_lines(tree, key))
        case "picture":
            return Told(attachment=await _picture(tree, key, theme))
        case "read":
            return Told((tree.full_text(key),), _where(tree, key))


def _where(tree: StoryTree, key: NodeKey) -> str:
    return f"Sample {numbered(tree)[key]} of {len(tree.nodes)}, step {len(tree.path(key))} of its story."


async def _picture(tree: StoryTree, key: NodeKey, theme: Theme) -> Picture:
    # Imported only here: what draws takes a while to load, and few ask for a picture.
    from bots.insight.drawing.tree_picture import draw_tree

    layout = lay_out(tree, key)
    content = await asyncio.to_thread(draw_tree, layout, theme)
    steps, samples = len(tree.path(key)), len(tree.nodes)
    description = f"A story's tree with {samples} samples; the way taken, {steps} steps long, is marked."
    name = f"inkling-tree-{key.request_id[-8:].lower()}.png"
    return Picture(name, content, f"{description} {layout.left_out_sentence}".rstrip())
