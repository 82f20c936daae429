"""A message as a person reads it: marks resolved, ids turned into names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.views import View
    from tests.fakes.slack_world.workspaces import Workspace

VERBATIM = re.compile(r"```(.*?)```|`([^`\n]+)`", re.DOTALL)
CONTROL = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
SPANS = tuple(
    re.compile(rf"(?<![\w{mark}])[{mark}](?![\s{mark}])([^\n]*?)(?<![\s{mark}])[{mark}](?![\w{mark}])")
    for mark in "*_~"
)
DOUBLED = tuple(re.compile(rf"{mark}{mark}(?!\s)(.+?)(?<!\s){mark}{mark}", re.DOTALL) for mark in (r"\*", "_", "~"))
MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]+\)")
LINE_MARKS = re.compile(r"^(?:#{1,6} |> ?)", re.MULTILINE)
BACKSLASH = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~>|<&])")
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
# Characters that a backslash protects are set aside here while marks are resolved.
ASIDE = 0xF0000


def visible_text(message: Message | View) -> str:
    """Blocks where there are any, else the text; then attachments."""
    blocks = message.blocks
    workspace = message.workspace
    parts = [markdown(getattr(message, "markdown", ""), workspace)]
    if blocks:
        parts += list(in_blocks(blocks, workspace))
    else:
        parts.append(mrkdwn(getattr(message, "text", ""), workspace))
    for each in getattr(message, "attachments", []):
        parts += [mrkdwn(each.get("text") or each.get("fallback") or "", workspace)]
    return "\n".join(part for part in parts if part)


def mrkdwn(text: str, workspace: Workspace | None = None) -> str:
    """Code keeps its marks; entities are resolved everywhere."""
    return _outside_code(text, lambda piece: unescaped(_spans(_named(piece, workspace))))


def markdown(text: str, workspace: Workspace | None = None) -> str:
    return _outside_code(text, lambda piece: _markdown(piece, workspace))


def unescaped(text: str) -> str:
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def _outside_code(text: str, resolve: Callable[[str], str]) -> str:
    shown, end = "", 0
    for match in VERBATIM.finditer(text):
        shown += resolve(text[end : match.start()]) + unescaped(match[1] if match[1] is not None else match[2])
        end = match.end()
    return shown + resolve(text[end:])


def _named(text: str, workspace: Workspace | None) -> str:
    """Before entities become the signs that people see."""
    return CONTROL.sub(lambda match: _control(match, workspace), text)


def _control(match: re.Match[str], workspace: Workspace | None) -> str:
    sign, what, label = match.groups()
    if sign == "@":
        user = workspace.users.get(what) if workspace else None
        return f"@{user.name if user else label or what}"
    if sign == "#":
        channel = workspace.channels.get(what) if workspace else None
        return f"#{channel.name if channel else label or what}"
    return f"@{what.partition('^')[0]}" if sign == "!" and not label else label or what


def _spans(text: str) -> str:
    for span in SPANS:
        text = span.sub(r"\1", text)
    return re.sub(r"^> ?", "", text, flags=re.MULTILINE)


def _markdown(text: str, workspace: Workspace | None) -> str:
    text = BACKSLASH.sub(lambda match: chr(ASIDE + ord(match[1])), text)
    text = LINE_MARKS.sub("", MARKDOWN_LINK.sub(r"\1", text))
    for span in DOUBLED:
        text = span.sub(r"\1", text)
    text = unescaped(_spans(_named(text, workspace)))
    return "".join(chr(ord(each) - ASIDE) if ASIDE <= ord(each) < ASIDE + 128 else each for each in text)


def in_blocks(blocks: list[dict[str, Any]], workspace: Workspace | None = None) -> Iterator[str]:
    for block in blocks:
        yield from _in_block(block, workspace)


def _in_block(block: dict[str, Any], workspace: Workspace | None) -> Iterator[str]:
    if block["type"] == "markdown":
        yield markdown(block["text"], workspace)
    elif block["type"] == "rich_text":
        yield _rich(block, workspace)
    else:
        for key in ("title", "text", "label", "hint"):
            yield _text(block.get(key), workspace)
        for each in block.get("fields") or []:
            yield _text(each, workspace)
        if block["type"] == "context":
            yield " ".join(filter(None, (_text(each, workspace) for each in block["elements"])))


def _text(part: Any, workspace: Workspace | None) -> str:
    if not isinstance(part, dict) or "text" not in part:
        return ""
    return str(part["text"]) if part.get("type") == "plain_text" else mrkdwn(part["text"], workspace)


def _rich(part: dict[str, Any], workspace: Workspace | None) -> str:
    kind = part.get("type")
    if kind == "text":
        return str(part["text"])
    if kind == "link":
        return str(part.get("text") or part["url"])
    if kind == "user":
        return unescaped(_named(f"<@{part['user_id']}>", workspace))
    if kind == "emoji":
        return f":{part['name']}:"
    separator = "\n" if kind in ("rich_text", "rich_text_list") else ""
    return separator.join(_rich(each, workspace) for each in part.get("elements", []))
