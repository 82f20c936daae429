"""Where each sample of a story stands in its picture: one row each, what goes straight on stays in its column.

Pure: the drawing only follows it. A big story is drawn in part: the taken path and what is newest.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bots.excerpts import first_words
from bots.story_text import label, numbered
from bots.story_tree import Node, NodeKey, StoryTree

MOST_ROWS = 40
LAST_COLUMN = 6
LABEL, PROMPT = 72, 110
Theme = Literal["light", "dark"]
"""What a picture of it is to be looked at on."""
Place = NodeKey | str
"""A sample, or a prompt that samples begin from."""
_WORDS: Mapping[str, str] = {
    "complete": "began",
    "regenerate": "again",
    "vary": "varied",
    "continue": "continued",
    "edit": "edited",
    "branch": "branched",
    "compare": "compared",
}


@dataclass(frozen=True, slots=True)
class Row:
    key: NodeKey | None
    """None for a prompt."""
    text: str
    note: str
    column: int
    above: int | None
    """The row it hangs from; None for a prompt."""
    taken: bool
    """Whether it is on the way to the sample that the story stands at."""
    skips: bool = False
    """Whether samples between it and that row are left out."""

    @property
    def is_prompt(self) -> bool:
        return self.above is None


@dataclass(frozen=True, slots=True)
class Layout:
    rows: tuple[Row, ...]
    left_out: int

    @property
    def left_out_sentence(self) -> str:
        """Empty where all are there."""
        if not self.left_out:
            return ""
        samples = "sample is" if self.left_out == 1 else "samples are"
        return f"{self.left_out:,} more {samples} not drawn; dotted lines skip some of them."


def lay_out(tree: StoryTree, taken: NodeKey, most: int = MOST_ROWS) -> Layout:
    path = [node.key for node in tree.path(taken)]
    kept = _choose(tree, path, most)
    plan = _Plan(tree, kept, frozenset(path))
    return Layout(tuple(plan.rows()), len(tree.nodes) - len(kept))


def _choose(tree: StoryTree, path: Sequence[NodeKey], most: int) -> frozenset[NodeKey]:
    """The path's beginning and end first, then whatever is newest."""
    wanted = (path[0], *reversed(path), *sorted(tree.nodes, reverse=True))
    return frozenset(list(dict.fromkeys(wanted))[:most])


class _Plan:
    def __init__(self, tree: StoryTree, kept: Collection[NodeKey], path: Collection[NodeKey]) -> None:
        self._tree = tree
        self._path = path
        self._numbers = numbered(tree)
        self._skips: set[NodeKey] = set()
        self._below: dict[Place, list[Node]] = {}
        for key, node in tree.nodes.items():
            if key in kept:
                self._below.setdefault(self._place_above(node, kept), []).append(node)

    def _place_above(self, node: Node, kept: Collection[NodeKey]) -> Place:
        """The nearest that is drawn on the way to the beginning, or the prompt there."""
        current = node
        while current.parent is not None:
            if current.parent in kept:
                return current.parent
            self._skips.add(node.key)
            current = self._tree.nodes[current.parent]
        return current.opening

    def rows(self) -> list[Row]:
        rows: list[Row] = []
        for prompt in [place for place in self._below if isinstance(place, str)]:
            taken = any(node.key in self._path for node in self._below[prompt])
            rows.append(Row(None, first_words(prompt, PROMPT), "", 0, None, taken))
            self._add_below(prompt, rows)
        return rows

    def _add_below(self, prompt: str, rows: list[Row]) -> None:
        waiting = self._hanging(prompt, len(rows) - 1, 0)
        while waiting:
            node, above, column = waiting.pop()
            rows.append(self._row(node, above, column))
            waiting += self._hanging(node.key, len(rows) - 1, column)

    def _hanging(self, place: Place, above: int, column: int) -> list[tuple[Node, int, int]]:
        """For a stack: what goes straight on comes out last and keeps the column, all others stand beside it."""
        nodes = self._below.get(place, [])
        if not nodes:
            return []
        straight = next((node for node in nodes if node.key in self._path), nodes[-1])
        beside = [(node, above, min(column + 1, LAST_COLUMN)) for node in nodes if node is not straight]
        return [(straight, above, column), *reversed(beside)]

    def _row(self, node: Node, above: int, column: int) -> Row:
        seed = node.request.options.seed_of(node.key.sample)
        note = f"{self._numbers[node.key]} · {_WORDS[node.request.kind]} · seed {seed}"
        undone = " · undone" if node.request.withdrawn else ""
        taken = node.key in self._path
        return Row(node.key, label(node, LABEL), note + undone, column, above, taken, node.key in self._skips)
