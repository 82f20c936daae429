"""People's and models' text on Slack: shown as it is, and none of it means anything.

Messages are made of rich text, whose pieces Slack never reads for marks; only the line for notifications and the text
of streams are escaped. Between splitting and rendering, three characters that no text may hold mark what is bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bots.fences import Stretch, find_stretches

Block = dict[str, Any]

_BOLD, _PLAIN, _LITERAL = "\ufdd0", "\ufdd1", "\ufdd2"
_SIGNS = re.compile(f"[{_BOLD}{_PLAIN}{_LITERAL}]")
_TOKEN = re.compile(
    f"{_LITERAL}(?P<literal>.)|(?P<sign>[{_BOLD}{_PLAIN}])|(?P<text>[^{_BOLD}{_PLAIN}{_LITERAL}]+)", re.S
)
_MARKDOWN = re.compile(r"[\\`*_~()\[\]#|]")


class RichMarkup:
    """Text on its way to `rich_elements`."""

    def escape(self, text: str) -> str:
        return _SIGNS.sub(lambda found: f"{_LITERAL}{found[0]}", text)

    def strong(self, text: str) -> str:
        return f"{_BOLD}{text}{_PLAIN}"

    def length(self, text: str) -> int:
        return len(text)


MARKUP = RichMarkup()


def rich_elements(part: str) -> list[Block]:
    """A part of a text as sections and code blocks."""
    elements = []
    for stretch in find_stretches(part):
        elements += _code(part, stretch) if stretch.fenced else _section(part[stretch.start : stretch.end])
    return elements


def _code(part: str, stretch: Stretch) -> list[Block]:
    body = part[stretch.body_start : stretch.body_end].removesuffix("\n")
    named = [{"type": "rich_text_section", "elements": [_piece(stretch.language, False)]}] if stretch.language else []
    code = [{"type": "rich_text_preformatted", "elements": [_piece(body, False)]}] if body else []
    return [*named, *code]


def _section(text: str) -> list[Block]:
    pieces = [_piece(text, bold) for text, bold in _pieces(text)]
    return [{"type": "rich_text_section", "elements": pieces}] if pieces else []


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Runs of text, and whether each is bold."""
    run, bold = "", False
    for token in _TOKEN.finditer(text):
        if token["sign"]:
            if run:
                yield run, bold
            run, bold = "", token["sign"] == _BOLD
        else:
            run += token["literal"] or token["text"]
    if run:
        yield run, bold


def _piece(text: str, bold: bool) -> Block:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def plain(part: str) -> str:
    """Without the marks."""
    return "".join(text for text, _ in _pieces(part))


def escape(text: str) -> str:
    """As Slack's own markup wants it: then it calls nobody and links nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_markdown(text: str) -> str:
    """As the text of a stream, which is Markdown, wants it."""
    return escape(_MARKDOWN.sub(lambda found: f"\\{found[0]}", text))


def streamed(prompt: str, text: str) -> str:
    """Prompt in bold, and the text so far."""
    core = prompt.strip()
    if not core:
        return escape_markdown(prompt + text)
    after = prompt[len(prompt.rstrip()) :]
    return f"**{escape_markdown(core)}**{after}{escape_markdown(text)}"
