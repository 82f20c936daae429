"""A result as Discord messages: a root, and for each sample as many messages as its text needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from bots.actions import message_actions
from bots.controls import Control
from bots.discord_bot.markup import MARKUP, quote, small
from bots.documents import Document, prompt_document, result_document
from bots.excerpts import WHOLE_PROMPT, shown_prompt
from bots.presenter import KIND_WORDS
from bots.splitting import split
from bots.turns import PartKey
from bots.views import ResultView, SampleView

BODY_LIMIT = 1400
"""Of a message's 2,000: the rest is for small print."""
MAX_PARTS = 4
"""Messages per sample; a longer text comes as a file."""
ROOT_PROMPT = 1200
"""Characters of the prompt that the root quotes; a longer prompt comes as a file too."""
_ENOUGH = (MAX_PARTS + 1) * BODY_LIMIT
"""Characters of a text that are looked at: more than as many messages hold."""
_HEAD, _NOTE, _FOOTER = 160, 130, 280
_CURSOR = "▌"

ROOT: PartKey = (None, 0)


@dataclass(frozen=True, slots=True)
class Message:
    content: str
    controls: tuple[Control, ...] = ()
    documents: tuple[Document, ...] = ()


def render_root(view: ResultView) -> Message:
    """The prompt, quoted, and the settings."""
    prompt = _clip(view.prompt, ROOT_PROMPT)
    whole = prompt == view.prompt
    lines = [quote(prompt if whole else f"{prompt}…"), small(_short(view.heading, 2 * _HEAD))]
    lines += [small(_short(note, _NOTE)) for note in view.notes[:3]]
    return Message("\n".join(lines), documents=() if whole else (prompt_document(view),))


def render_samples(view: ResultView, has_root: bool) -> Iterator[tuple[PartKey, Message]]:
    """The messages there should be now. While it is written, only samples that have begun."""
    for sample in view.samples or (_unwritten(view),):
        if view.ended or sample.text or sample.index == 0:
            yield from _render_sample(view, sample, has_root)


def _unwritten(view: ResultView) -> SampleView:
    return SampleView(0, "", None, 0)


def _render_sample(view: ResultView, sample: SampleView, has_root: bool) -> Iterator[tuple[PartKey, Message]]:
    bodies = list(split(shown_prompt(view.prompt), sample.text[:_ENOUGH], MARKUP, BODY_LIMIT))
    documents = {0: _prompt_documents(view, sample, has_root)}
    if len(bodies) > MAX_PARTS:
        bodies[MAX_PARTS - 1 :] = [_as_file(view, sample)]
        documents[MAX_PARTS - 1] = (result_document(view, sample.index),) if view.ended else ()
    bodies[0] = "\n".join(filter(None, (_head(view, sample, has_root), bodies[0])))
    last = len(bodies) - 1
    for part, body in enumerate(bodies):
        if part == last:
            body += _tail(view, sample, has_root)
        controls = _controls(view, sample) if part == last else ()
        yield (sample.index, part), Message(body, controls, documents.get(part, ()))


def _prompt_documents(view: ResultView, sample: SampleView, has_root: bool) -> tuple[Document, ...]:
    """A long prompt of its own that no other message shows whole."""
    is_new = view.kind in ("complete", "edit") and not has_root and sample.index == 0
    return (prompt_document(view),) if is_new and len(view.prompt) > WHOLE_PROMPT else ()


def _as_file(view: ResultView, sample: SampleView) -> str:
    if view.ended:
        return small(f"The whole text, {len(sample.text):,} characters, is in the file.")
    return small(f"{len(sample.text):,} characters so far; the whole text comes as a file.")


def _head(view: ResultView, sample: SampleView, has_root: bool) -> str:
    """`2/3`, and where there is no root, what was asked for."""
    count = max(len(view.samples), 1)
    number = [f"{sample.index + 1}/{count}"] if count > 1 else []
    about = [] if has_root else [KIND_WORDS[view.kind], view.heading]
    words = " · ".join(filter(None, [*number, *about]))
    return small(_short(words, _HEAD)) if words else ""


def _tail(view: ResultView, sample: SampleView, has_root: bool) -> str:
    if not view.ended:
        return f"\n{small(view.notice)}" if view.notice and not sample.text else _CURSOR
    notes = () if has_root or sample.index else view.notes[:1]
    footer = sample.footer or view.error or "There is no text."
    lines = [*(small(_short(note, _NOTE)) for note in notes), small(_short(footer, _FOOTER))]
    return "\n" + "\n".join(lines)


def _controls(view: ResultView, sample: SampleView) -> tuple[Control, ...]:
    return tuple(
        Control(action, view.request_id, sample.index, view.private)
        for action in message_actions(view)
        if sample.text or action not in ("pick", "continue")
    )


def _clip(text: str, limit: int) -> str:
    """The beginning that fits as a quotation, up to a space if there is one near."""
    cut = text[:limit]
    while (excess := MARKUP.length(quote(cut)) - limit) > 0:
        cut = cut[: len(cut) - max(1, excess // 3)]
    if cut == text:
        return text
    clusters = regex.findall(r"\X", cut[-64:])
    space = cut.rfind(" ", limit // 4)
    return cut[:space] if space > 0 else cut[: -len(clusters[-1])]


def _short(text: str, limit: int) -> str:
    """Text for small print whose escaped form is at most so long."""
    line = " ".join(text.split())
    while MARKUP.length(MARKUP.escape(line)) > limit:
        line = line[: max(1, len(line) - 12)].rstrip("… ") + "…"
    return line
