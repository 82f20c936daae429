"""A message as a person reads it: Markdown resolved as far as it changes what one sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.discord_world.messages import Message

VERBATIM = re.compile(
    r"```(?:[A-Za-z0-9_+.#-]*\n(?=.))?(?P<fenced>.*?)```|``(?P<double>.+?)``(?!`)|`(?P<single>[^`]+)`",
    re.DOTALL,
)
ESCAPE = re.compile(r"\\([^A-Za-z0-9\s])")
LINE_MARKS = re.compile(r"^(?:#{1,3} |-# |>>> |> )", re.MULTILINE)
SPANS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (r"\*\*(.+?)\*\*(?!\*)", r"__(.+?)__(?!_)", r"~~(.+?)~~", r"\|\|(.+?)\|\|", r"\*(?! )(.+?)(?<! )\*")
)
ITALIC_LINE = re.compile(r"(?<!\w)_(?! )(.+?)_(?!\w)", re.DOTALL)
# Escaped characters are set aside here while marks are resolved.
ASIDE = 0xF0000


def visible_text(message: Message) -> str:
    """Text, then embeds, then text in components."""
    parts = [plain(message.content)]
    parts += [line for embed in message.embeds for line in _embedded(embed)]
    parts += [plain(part["content"]) for part in message.parts() if part["type"] == 10]
    return "\n".join(part for part in parts if part)


def plain(markdown: str) -> str:
    """Fences and ticks keep what they hold as it stands; one that is not closed is seen as itself."""
    shown, end = "", 0
    for match in VERBATIM.finditer(markdown):
        if _escaped(markdown, match.start()):
            continue
        shown += _resolved(markdown[end : match.start()])
        shown += next(held for held in match.groups() if held is not None)
        end = match.end()
    return shown + _resolved(markdown[end:])


def _escaped(text: str, position: int) -> bool:
    slashes = len(text[:position]) - len(text[:position].rstrip("\\"))
    return slashes % 2 == 1


def _resolved(text: str) -> str:
    text = ESCAPE.sub(lambda match: chr(ASIDE + ord(match[1])) if ord(match[1]) < 0xFFFF else match[0], text)
    text = LINE_MARKS.sub("", text)
    for span in (*SPANS, ITALIC_LINE):
        text = span.sub(r"\1", text)
    return "".join(chr(ord(each) - ASIDE) if ASIDE <= ord(each) < ASIDE + 0xFFFF else each for each in text)


def _embedded(embed: dict[str, Any]) -> Iterator[str]:
    yield (embed.get("author") or {}).get("name") or ""
    yield plain(embed.get("title") or "")
    yield plain(embed.get("description") or "")
    for each in embed.get("fields") or []:
        yield f"{plain(each['name'])}\n{plain(each['value'])}"
    yield (embed.get("footer") or {}).get("text") or ""
