"""Text objects, and whether what stands in them is escaped."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.slack_world.rules.problems import Inspection

CONTROL = re.compile(r"<(?:[@#!][A-Za-z0-9^:_]|https?://|mailto:|tel:|slack://)[^<>]*>")
BARE = re.compile(r"<|&(?!(?:amp|lt|gt);)")


def text_object(
    inspection: Inspection, path: str, text: Any, most: int, *, plain_only: bool = False, least: int = 1
) -> None:
    if not isinstance(text, dict):
        inspection.refuse(path, "must be a text object")
        return
    kind = text.get("type")
    if kind not in (("plain_text",) if plain_only else ("plain_text", "mrkdwn")):
        inspection.refuse(f"{path}/type", "must be plain_text" if plain_only else "must be plain_text or mrkdwn")
        return
    known = ("type", "text", "emoji") if kind == "plain_text" else ("type", "text", "verbatim")
    inspection.keys(path, text, known, ("text",))
    inspection.length(f"{path}/text", text.get("text"), most, least)
    if kind == "mrkdwn" and isinstance(text.get("text"), str):
        escaped(inspection, f"{path}/text", text["text"])


def optional_text(inspection: Inspection, path: str, text: Any, most: int, *, plain_only: bool = True) -> None:
    if text is not None:
        text_object(inspection, path, text, most, plain_only=plain_only)


def escaped(inspection: Inspection, path: str, text: str) -> None:
    """Slack guesses what a bare “<” or “&” means, and other people's words must not depend on that."""
    for match in BARE.finditer(CONTROL.sub("", text)):
        inspection.frown(path, f"{match[0]} is not escaped: …{text[:80]}…")
        return
