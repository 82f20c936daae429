"""Threads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord_world.rules.problems import Problems

LONGEST_NAME, LONGEST_SLOWMODE_S = 100, 21600
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
_ANY = ("name", "auto_archive_duration", "rate_limit_per_user")
FROM_MESSAGE_KEYS = _ANY
ALONE_KEYS = (*_ANY, "type", "invitable", "message", "applied_tags")
CHANGE_KEYS = (*_ANY, "archived", "locked", "invitable", "flags", "applied_tags")


def check_new(body: Mapping[str, Any], keys: tuple[str, ...], problems: Problems) -> None:
    problems.keys("", body, keys)
    problems.length("name", body.get("name") or "", LONGEST_NAME, 1)
    if not (body.get("name") or " ").strip():
        problems.refuse("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    _check_rest(body, problems)


def check_change(body: Mapping[str, Any], problems: Problems) -> None:
    problems.keys("", body, CHANGE_KEYS)
    problems.length("name", body.get("name"), LONGEST_NAME, 1)
    _check_rest(body, problems)


def _check_rest(body: Mapping[str, Any], problems: Problems) -> None:
    if body.get("auto_archive_duration") is not None:
        problems.one_of("auto_archive_duration", body["auto_archive_duration"], ARCHIVE_MINUTES)
    problems.within("rate_limit_per_user", body.get("rate_limit_per_user"), 0, LONGEST_SLOWMODE_S)
