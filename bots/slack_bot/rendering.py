"""A result as Slack messages: a root, and for each sample as many messages as its text needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bots.actions import message_actions
from bots.controls import Control
from bots.documents import Document, prompt_document, result_document
from bots.excerpts import WHOLE_PROMPT, shown_prompt
from bots.presenter import KIND_WORDS, waiting_notice
from bots.slack_bot.blocks import button_row, quotation, rich_text, small_print
from bots.slack_bot.markup import MARKUP, Block, escape, plain, rich_elements
from bots.splitting import split
from bots.turns import PartKey
from bots.views import ResultView, SampleView
from config.text import shorten

BODY_LIMIT = 3000
"""Characters of text per message."""
MAX_PARTS = 4
"""Messages per sample; a longer text comes as a file."""
_ENOUGH = (MAX_PARTS + 1) * BODY_LIMIT
"""Characters of a text that are looked at: more than as many messages hold."""
ROOT_PROMPT = 1500
"""Characters of the prompt that the root quotes; a longer prompt comes as a file too."""
NOTIFICATION = 600
"""Characters of a message in notifications and to screen readers, before escaping."""
_SMALL = 600
_CURSOR = "▌"

ROOT: PartKey = (None, 0)
FILE = 1000
"""The part that is a file."""
ASKED_FILE = FILE + 1
"""And the one that somebody asked for."""
ASKED_PICTURE = FILE + 2
"""And the picture of why it was written."""


@dataclass(frozen=True, slots=True)
class Message:
    """`body` and `quote` are raw or as `rich_elements` reads them; a message with a document is that file."""

    body: str = ""
    quote: str = ""
    head: str = ""
    small: tuple[str, ...] = ()
    controls: tuple[Control, ...] = ()
    document: Document | None = None

    @property
    def blocks(self) -> list[Block]:
        body = rich_elements(self.body)
        return [
            *([quotation(self.quote)] if self.quote else []),
            *([small_print([self.head])] if self.head else []),
            *([rich_text(body)] if body else []),
            *([small_print([_short(line) for line in self.small])] if self.small else []),
            *([button_row(self.controls)] if self.controls else []),
        ]

    @property
    def text(self) -> str:
        """For notifications and screen readers."""
        shown = self.quote or plain(self.body).strip() or " ".join([self.head, *self.small]).strip()
        return escape(shown[:NOTIFICATION]) or "Inkling"


def render_root(view: ResultView) -> Message:
    """The prompt, quoted, and the settings; while it is written, how it stands and a way to stop it.

    That text has begun is no reason to edit it: Slack takes few edits a minute.
    """
    whole = len(view.prompt) <= ROOT_PROMPT
    quote = view.prompt if whole else f"{view.prompt[:ROOT_PROMPT]}…"
    notice = [] if view.ended else [view.notice or waiting_notice(None)]
    controls = () if view.ended else (Control("stop", view.request_id, 0, view.private),)
    return Message(quote=quote or "…", small=(view.heading, *view.notes[:3], *notice), controls=controls)


def render_samples(view: ResultView, has_root: bool) -> Iterator[tuple[PartKey, Message]]:
    """The messages there should be now. While it is written, only samples that have begun: the root says the rest."""
    for sample in view.samples or (SampleView(0, "", None, 0),):
        if view.ended or sample.text or (sample.index == 0 and not has_root):
            yield from _render_sample(view, sample, has_root)


def render_documents(view: ResultView, has_root: bool) -> Iterator[tuple[PartKey, Message]]:
    """Files for what no message shows whole, once it has ended."""
    if not view.ended:
        return
    unseen = ROOT_PROMPT if has_root else WHOLE_PROMPT
    if len(view.prompt) > unseen and (has_root or view.kind in ("complete", "edit")):
        yield (None, FILE), Message(document=prompt_document(view))
    for sample in view.samples:
        if len(_bodies(view, sample)) > MAX_PARTS:
            yield (sample.index, FILE), Message(document=result_document(view, sample.index))


def _bodies(view: ResultView, sample: SampleView) -> list[str]:
    return list(split(shown_prompt(view.prompt), sample.text[:_ENOUGH], MARKUP, BODY_LIMIT))


def _render_sample(view: ResultView, sample: SampleView, has_root: bool) -> Iterator[tuple[PartKey, Message]]:
    bodies = _bodies(view, sample)
    cut = len(bodies) > MAX_PARTS
    if cut:
        bodies[MAX_PARTS - 1 :] = [""]
    last = len(bodies) - 1
    for part, body in enumerate(bodies):
        ends = part == last
        yield (
            (sample.index, part),
            Message(
                body + (_CURSOR if ends and sample.text and not cut and not view.ended else ""),
                head=_head(view, sample, has_root) if part == 0 else "",
                small=_tail(view, sample, has_root, cut) if ends else (),
                controls=_controls(view, sample) if ends else (),
            ),
        )


def _head(view: ResultView, sample: SampleView, has_root: bool) -> str:
    """`2/3`, and where there is no root, what was asked for."""
    count = max(len(view.samples), 1)
    number = [f"{sample.index + 1}/{count}"] if count > 1 else []
    about = [] if has_root else [KIND_WORDS[view.kind], view.heading]
    return _short(" · ".join(filter(None, [*number, *about])))


def _tail(view: ResultView, sample: SampleView, has_root: bool, cut: bool) -> tuple[str, ...]:
    size = f"{len(sample.text):,} characters"
    if not view.ended:
        notice = [view.notice] if view.notice and not sample.text else []
        return (*notice, *([f"{size} so far; the whole text comes as a file."] if cut else []))
    notes = () if has_root or sample.index else view.notes[:1]
    whole = [f"The whole text, {size}, is in the file."] if cut else []
    return (*whole, *notes, sample.footer or view.error or "There is no text.")


def _controls(view: ResultView, sample: SampleView) -> tuple[Control, ...]:
    return tuple(
        Control(action, view.request_id, sample.index, view.private)
        for action in message_actions(view)
        if sample.text or action not in ("pick", "continue")
    )


def _short(text: str) -> str:
    return shorten(" ".join(text.split()), _SMALL) if text else ""
