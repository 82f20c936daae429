"""A story as a tree: each sample keeps the beginning of the one it goes on from, and adds what it has of its own.

Pure: made of records, so that what is said, exported and drawn of a story is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from backends.store.records import RequestRecord, SampleRecord


@dataclass(frozen=True, slots=True, order=True)
class NodeKey:
    """Which sample of which request. Ids sort by time, so keys do too."""

    request_id: str
    sample: int


@dataclass(frozen=True, slots=True)
class Node:
    """One sample. Its full text is its parent's up to `kept`, then `opening`, then `text`."""

    key: NodeKey
    parent: NodeKey | None
    """None where a story begins, and where the one before was deleted."""
    request: RequestRecord
    kept: int
    """Characters; fewer than the parent has where a prompt was edited or another token chosen."""
    opening: str
    """What stands between: the first prompt, an edited one's own words, a chosen token."""
    text: str
    """What the model wrote."""


class StoryTree:
    """The nodes of one story, the oldest first."""

    def __init__(self, nodes: Mapping[NodeKey, Node]) -> None:
        self.nodes = nodes
        self._children: dict[NodeKey | None, list[Node]] = {}
        for node in nodes.values():
            self._children.setdefault(node.parent, []).append(node)

    def children(self, key: NodeKey | None) -> Sequence[Node]:
        """What goes on from a node, oldest first; of None: where the story begins."""
        return self._children.get(key, ())

    def path(self, key: NodeKey) -> tuple[Node, ...]:
        """From the beginning to this node. KeyError when it isn't of the story."""
        steps = [self.nodes[key]]
        while (parent := steps[-1].parent) is not None:
            steps.append(self.nodes[parent])
        return tuple(reversed(steps))

    def full_text(self, key: NodeKey) -> str:
        """Prompt and completion as they were posted, put together from the pieces along the path."""
        text = ""
        for node in self.path(key):
            text = text[: node.kept] + node.opening + node.text
        return text

    def walk(self) -> Iterator[tuple[int, Node]]:
        """Every node under its parent, with its depth. A story may be deeper than Python's stack."""
        waiting = [(0, node) for node in reversed(self.children(None))]
        while waiting:
            depth, node = waiting.pop()
            yield depth, node
            waiting += [(depth + 1, child) for child in reversed(self.children(node.key))]


def build_tree(records: Iterable[RequestRecord], samples: Iterable[SampleRecord]) -> StoryTree:
    """The tree of these requests' samples that have text. One that was undone stays while something goes on from it."""
    requests = {record.id: record for record in records}
    texts = {NodeKey(each.request_id, each.index): each.text for each in samples if each.text}
    nodes: dict[NodeKey, Node] = {}
    for key in sorted(texts):
        if (record := requests.get(key.request_id)) is not None:
            nodes[key] = _node(key, record, texts[key], nodes)
    return StoryTree(_without_undone(nodes))


def _node(key: NodeKey, record: RequestRecord, text: str, before: Mapping[NodeKey, Node]) -> Node:
    parent = before.get(NodeKey(record.parent.request_id, record.parent.sample)) if record.parent else None
    if record.parent is None or parent is None:
        return Node(key, None, record, 0, record.prompt, text)
    # Two tokens that begin alike are two tokens: a chosen one is shown whole.
    left_at = None if record.parent.kept is None else len(parent.request.prompt) + record.parent.kept
    kept = _shared((parent.request.prompt + parent.text)[:left_at], record.prompt)
    return Node(key, parent.key, record, kept, record.prompt[kept:], text)


def _shared(before: str, prompt: str) -> int:
    """How much of the text before the prompt begins with: nearly always all of it."""
    if prompt.startswith(before):
        return len(before)
    differing = (at for at, (one, other) in enumerate(zip(before, prompt, strict=False)) if one != other)
    return next(differing, min(len(before), len(prompt)))


def _without_undone(nodes: Mapping[NodeKey, Node]) -> dict[NodeKey, Node]:
    needed: set[NodeKey] = set()
    for key in sorted(nodes, reverse=True):
        if key in needed or not nodes[key].request.withdrawn:
            needed.add(key)
            if (parent := nodes[key].parent) is not None:
                needed.add(parent)
    return {key: node for key, node in nodes.items() if key in needed}
