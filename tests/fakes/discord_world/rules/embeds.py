"""Embeds: each part's length, and six thousand characters over all of a message's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.discord_world.rules.problems import Problems

MOST, MOST_FIELDS, LARGEST_TOTAL = 10, 25, 6000
TITLE, DESCRIPTION, FIELD_NAME, FIELD_VALUE, FOOTER, AUTHOR = 256, 4096, 256, 1024, 2048, 256
KEYS = (
    *("title", "type", "description", "url", "timestamp", "color", "footer"),
    *("image", "thumbnail", "video", "provider", "author", "fields", "flags"),
)


def check(embeds: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    problems.count("embeds", embeds, MOST)
    for index, embed in enumerate(embeds):
        _check_one(f"embeds.{index}", embed, problems)
    if sum(map(_size, embeds)) > LARGEST_TOTAL:
        problems.refuse("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {LARGEST_TOTAL}")


def _check_one(path: str, embed: Mapping[str, Any], problems: Problems) -> None:
    problems.keys(path, embed, KEYS)
    problems.length(f"{path}.title", embed.get("title"), TITLE)
    problems.length(f"{path}.description", embed.get("description"), DESCRIPTION)
    problems.length(f"{path}.footer.text", _inner(embed, "footer", "text"), FOOTER)
    problems.length(f"{path}.author.name", _inner(embed, "author", "name"), AUTHOR)
    problems.within(f"{path}.color", embed.get("color"), 0, 0xFFFFFF)
    fields = embed.get("fields") or []
    problems.count(f"{path}.fields", fields, MOST_FIELDS)
    for index, each in enumerate(fields):
        here = f"{path}.fields.{index}"
        problems.keys(here, each, ("name", "value", "inline"))
        if problems.needed(f"{here}.name", each.get("name")):
            problems.length(f"{here}.name", each["name"], FIELD_NAME)
        if problems.needed(f"{here}.value", each.get("value")):
            problems.length(f"{here}.value", each["value"], FIELD_VALUE)


def _inner(embed: Mapping[str, Any], part: str, key: str) -> str | None:
    return (embed.get(part) or {}).get(key)


def _size(embed: Mapping[str, Any]) -> int:
    texts = [embed.get("title"), embed.get("description"), _inner(embed, "footer", "text")]
    texts += [_inner(embed, "author", "name")]
    for each in embed.get("fields") or []:
        texts += [each.get("name"), each.get("value")]
    return sum(len(text or "") for text in texts)
