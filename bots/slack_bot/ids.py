"""Ids of people and channels, which rules are kept by: Slack tells of no names that stay."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bots.commands.typed_config import bare_id
from config.errors import InvalidOptions
from config.text import shorten

_RULES = (
    re.compile(r"(?P<subject>user|channel)\s+(?:allow|deny)\s+(?P<name>.+)", re.IGNORECASE | re.DOTALL),
    re.compile(r"(?P<subject>channel)\s+set\s+(?P<name>\S+)", re.IGNORECASE),
)
_IDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "user": (
        re.compile(r"[UW][A-Z0-9]+"),
        "isn't a person I can find by that name; write @ and choose one of the list.",
    ),
    "channel": (re.compile(r"[CDG][A-Z0-9]+"), "isn't a channel I can find by that name; write # and choose one."),
}


def check_rule(typed: str) -> None:
    """InvalidOptions when a rule is for a name instead of an id: it would look like one that holds, and wouldn't."""
    for rule in _RULES:
        found = rule.match(typed)
        if found is not None:
            pattern, sentence = _IDS[found["subject"].lower()]
            if pattern.fullmatch(bare_id(found["name"])) is None:
                raise InvalidOptions(f'"{shorten(found["name"])}" {sentence}')
