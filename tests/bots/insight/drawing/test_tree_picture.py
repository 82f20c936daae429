"""The picture of a tree: what stands where, and that what is drawn can be read."""

from __future__ import annotations

import io

import matplotlib.image
import numpy
import pytest

from backends.store.records import Parent, RequestRecord
from bots.insight.drawing.tree_picture import WIDTH, draw_tree
from bots.story_tree import NodeKey, StoryTree, build_tree
from bots.tree_layout import MOST_ROWS, Theme, lay_out
from tests.fakes.records import make_request, make_sample

CHAIN = 60


def chain(length: int, text: str = " and on") -> tuple[StoryTree, NodeKey]:
    records, prompt = [make_request(prompt="Once 👩‍🚀")], "Once 👩‍🚀"
    for _ in range(length - 1):
        prompt += text
        first, last = records[0], records[-1]
        parent = Parent(last.id, 0)
        records.append(
            make_request(prompt=prompt, kind="continue", parent=parent, story_id=first.id, origin_id=last.id)
        )
    return build_tree(records, [make_sample(each, text=text) for each in records]), NodeKey(records[-1].id, 0)


def with_branches() -> tuple[StoryTree, list[RequestRecord]]:
    first = make_request(prompt="Once")
    again = make_request(prompt="Once", kind="regenerate", group_id=first.id, story_id=first.id, origin_id=first.id)
    children = [
        make_request(
            prompt="Once there was", kind="continue", parent=Parent(first.id, 0), story_id=first.id, origin_id=first.id
        )
        for _ in range(2)
    ]
    records = [first, again, *children]
    return build_tree(records, [make_sample(each, text=" there was") for each in records]), records


class TestLayout:
    def test_the_way_taken_keeps_its_column(self) -> None:
        tree, (first, again, child, other) = with_branches()
        rows = lay_out(tree, NodeKey(child.id, 0)).rows
        assert [(row.key and row.key.request_id, row.column, row.above, row.taken) for row in rows] == [
            (None, 0, None, True),
            (again.id, 1, 0, False),
            (first.id, 0, 0, True),
            (other.id, 1, 2, False),
            (child.id, 0, 2, True),
        ]

    def test_of_a_long_story_the_beginning_and_the_end_are_drawn(self) -> None:
        tree, last = chain(CHAIN)
        layout = lay_out(tree, last, most=10)
        assert layout.left_out == CHAIN - 10
        assert layout.left_out_sentence == "50 more samples are not drawn; dotted lines skip some of them."
        assert lay_out(tree, last, most=CHAIN).left_out_sentence == ""
        keys = [row.key for row in layout.rows if row.key]
        assert keys == [next(iter(tree.nodes)), *list(tree.nodes)[-9:]]
        assert [row.skips for row in layout.rows] == [False, False, True, *[False] * 8]

    def test_of_a_big_tree_the_way_taken_is_drawn_and_what_is_newest(self) -> None:
        tree, last = chain(10)
        first = next(iter(tree.nodes.values())).request
        others = [
            make_request(prompt="Once", kind="regenerate", story_id=first.id, origin_id=first.id)
            for _ in range(MOST_ROWS)
        ]
        records = [*(node.request for node in tree.nodes.values()), *others]
        tree = build_tree(records, [make_sample(each, text=" and on") for each in records])
        layout = lay_out(tree, last)
        drawn = [row.key for row in layout.rows if row.key]
        assert len(drawn) == MOST_ROWS
        assert {node.key for node in tree.path(last)} <= set(drawn)
        assert {NodeKey(each.id, 0) for each in others[10:]} <= set(drawn)
        assert layout.left_out_sentence.startswith("10 more samples are not drawn")


class TestPicture:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    @pytest.mark.filterwarnings("error")
    def test_is_as_wide_as_a_phone_and_leaves_no_sign_out(self, theme: Theme) -> None:
        tree, last = chain(5, " كان يا ما كان 🌊🏳️‍🌈 $x$ and so the story went on for a good while longer")
        pixels = matplotlib.image.imread(io.BytesIO(draw_tree(lay_out(tree, last), theme)))
        height, width, _ = pixels.shape
        assert (width, height > 400) == (WIDTH, True)
        ground = pixels[0, 0]
        assert numpy.all(pixels[:, -10:] == ground), "nothing runs over the edge"
        assert numpy.abs(pixels - ground).max() > 0.6, "there is contrast"
