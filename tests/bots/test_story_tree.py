from __future__ import annotations

from dataclasses import replace

from backends.store.records import Parent, RequestRecord
from bots.story_tree import NodeKey, StoryTree, build_tree
from tests.fakes.records import make_request, make_sample


def made_from(origin: RequestRecord, kind: str, prompt: str, sample: int | None = None) -> RequestRecord:
    parent = Parent(origin.id, sample) if sample is not None else origin.parent
    made = make_request(kind=kind, prompt=prompt, parent=parent, story_id=origin.story_id, origin_id=origin.id)
    return made if sample is not None else replace(made, group_id=origin.group_id)


FIRST = make_request(prompt="Once")
AGAIN = made_from(FIRST, "regenerate", "Once")
FURTHER = made_from(FIRST, "continue", "Once there was", 0)
BRANCHED = made_from(FURTHER, "branch", "Once there was a dog", 0)
EDITED = made_from(FURTHER, "edit", "Once there is")
TEXTS = {FIRST: " there was", AGAIN: " more 👩‍🚀", FURTHER: " a cat", BRANCHED: " who", EDITED: " كان"}


def tree_of(*records: RequestRecord) -> StoryTree:
    texts = {record.id: text for record, text in TEXTS.items()}
    return build_tree(records, [make_sample(record, text=texts[record.id]) for record in records])


def key(record: RequestRecord) -> NodeKey:
    return NodeKey(record.id, 0)


def test_each_sample_hangs_from_the_one_whose_text_it_keeps() -> None:
    tree = tree_of(*TEXTS)
    assert [(depth, node.request.kind) for depth, node in tree.walk()] == [
        (0, "complete"),
        (1, "continue"),
        (2, "branch"),
        (1, "edit"),
        (0, "regenerate"),
    ]


def test_a_full_text_is_put_together_from_the_path() -> None:
    tree = tree_of(*TEXTS)
    assert [tree.full_text(key(record)) for record in TEXTS] == [record.prompt + text for record, text in TEXTS.items()]
    branched = tree.nodes[key(BRANCHED)]
    assert (branched.kept, branched.opening) == (len("Once there was a "), "dog")


def test_a_chosen_token_is_whole_though_it_begins_as_the_one_it_stands_for() -> None:
    cow = replace(BRANCHED, prompt="Once there was a cow", parent=Parent(FURTHER.id, 0, len(" a")))
    edited = replace(EDITED, prompt="Once there was a crow", parent=cow.parent)
    earlier = replace(EDITED, prompt="Once there is", parent=cow.parent)
    for record, parts in {
        cow: ("Once there was a", " cow"),
        edited: ("Once there was a", " crow"),
        earlier: ("Once there ", "is"),
    }.items():
        tree = build_tree([FURTHER, record], [make_sample(FURTHER, text=" a cat"), make_sample(record, text=" who")])
        node = tree.nodes[key(record)]
        assert ("Once there was a cat"[: node.kept], node.opening) == parts
        assert tree.full_text(key(record)) == f"{record.prompt} who"


def test_without_what_was_deleted_a_story_begins_later() -> None:
    tree = tree_of(AGAIN, FURTHER, BRANCHED)
    assert [node.request.kind for node in tree.path(key(BRANCHED))] == ["continue", "branch"]
    assert tree.full_text(key(BRANCHED)) == "Once there was a dog who"


def test_what_was_undone_stays_only_under_what_goes_on_from_it() -> None:
    records = [replace(record, withdrawn=record in (FURTHER, AGAIN)) for record in (FIRST, AGAIN, FURTHER, BRANCHED)]
    samples = [make_sample(record, text=text) for record, text in TEXTS.items()]
    tree = build_tree(records, samples)
    assert [node.request.kind for node in tree.nodes.values()] == ["complete", "continue", "branch"]


def test_samples_without_text_are_none_of_it() -> None:
    assert build_tree([FIRST], [make_sample(FIRST, text="")]).nodes == {}


def test_a_story_may_be_deeper_than_pythons_stack() -> None:
    records, prompt = [make_request(prompt="a")], "a"
    for _ in range(1500):
        prompt += "b"
        records.append(made_from(records[-1], "continue", prompt, 0))
    tree = build_tree(records, [make_sample(record, text="b") for record in records])
    assert tree.full_text(key(records[-1])) == prompt + "b"
    assert sum(1 for _ in tree.walk()) == 1501
