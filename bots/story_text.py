"""A story in words: its path as plain text and Markdown, its tree as lines."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from bots.excerpts import first_words
from bots.presenter import KIND_WORDS, heading
from bots.story_tree import Node, NodeKey, StoryTree

LABEL = 48
"""Characters of a sample that stand for it in a tree."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+\-.!|~&]")
_TAKEN, _OTHER = "●", "○"


def label(node: Node, limit: int = LABEL) -> str:
    """A sample's first words; what a person put there before stands in brackets."""
    opening = first_words(node.opening, limit // 2) if node.parent else ""
    return (f"[{opening}] " if opening else "") + first_words(node.text, limit - len(opening))


def numbered(tree: StoryTree) -> dict[NodeKey, int]:
    """A number for each node, by age, to name it by."""
    return {key: number for number, key in enumerate(tree.nodes, start=1)}


def markdown(tree: StoryTree, key: NodeKey) -> str:
    """The story up to a node: what people put there strong, what the model wrote plain, and how below."""
    path = tree.path(key)
    story = "".join(_strong(human) + escape_markdown(written) for human, written in pieces(path))
    steps = "\n".join(f"{number}. {escape_markdown(_step(node))}" for number, node in enumerate(path, start=1))
    return f"# {escape_markdown(first_words(path[0].opening, 60))}\n\n{story}\n\n---\n\n{steps}\n"


def pieces(path: Sequence[Node]) -> list[tuple[str, str]]:
    """What a person put there and what the model wrote then, as far as later steps kept it."""
    found: list[tuple[str, str]] = []
    for node in path:
        found = [*_kept(found, node.kept), (node.opening, node.text)]
    return found


def _kept(found: Sequence[tuple[str, str]], characters: int) -> Iterator[tuple[str, str]]:
    for human, written in found:
        if characters <= 0:
            return
        yield human[:characters], written[: max(characters - len(human), 0)]
        characters -= len(human) + len(written)


def _step(node: Node) -> str:
    """`Continued · smollm2-135m · seed 7 · temperature 0.8 · …`"""
    record = node.request
    seed = f"seed {record.options.seed_of(node.key.sample)}"
    parts = [KIND_WORDS[record.kind] or "Began", record.model or record.backend, seed, heading(record)]
    return " · ".join(parts)


def escape_markdown(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _strong(text: str) -> str:
    """Line by line: nothing can be strong across a paragraph's end, and no space may stand at its edge."""
    return "\n".join(_strong_line(line) for line in text.split("\n"))


def _strong_line(line: str) -> str:
    inner = line.strip()
    if not inner:
        return line
    start = line.index(inner)
    return f"{line[:start]}**{escape_markdown(inner)}**{line[start + len(inner) :]}"


def tree_lines(tree: StoryTree, taken: NodeKey | None = None) -> tuple[str, ...]:
    """One line for each sample under what it goes on from; the way to `taken` is marked."""
    on_path = {node.key for node in tree.path(taken)} if taken is not None else set()
    return tuple(_lines(tree, on_path))


def _lines(tree: StoryTree, on_path: Collection[NodeKey]) -> Iterator[str]:
    numbers = numbered(tree)
    for prompt, beginnings in groupby(tree.children(None), key=lambda node: node.opening):
        yield first_words(prompt, LABEL)
        waiting = list(_branches(tuple(beginnings), ""))
        while waiting:
            node, lead, below = waiting.pop()
            mark = _TAKEN if node.key in on_path else _OTHER
            yield f"{lead}{mark} {numbers[node.key]} {label(node)}{' (undone)' if node.request.withdrawn else ''}"
            waiting += _branches(tree.children(node.key), below)


def _branches(nodes: Sequence[Node], lead: str) -> Iterator[tuple[Node, str, str]]:
    """The last one first, with the strokes before it and those before what is under it."""
    for node in reversed(nodes):
        is_last = node is nodes[-1]
        yield node, lead + ("└─" if is_last else "├─"), lead + ("   " if is_last else "│  ")
