"""Messages, wherever they are made or changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.discord_world.messages import (
    COMPONENTS_V2,
    EPHEMERAL,
    SUPPRESS_EMBEDS,
    SUPPRESS_NOTIFICATIONS,
    Message,
)
from tests.fakes.discord_world.posting import EDITABLE
from tests.fakes.discord_world.rules import components, embeds
from tests.fakes.discord_world.rules.problems import Problems

CONTENT, NONCE, MOST_ATTACHMENTS, MOST_MENTIONS = 2000, 25, 10, 100
LARGEST_FILE = 10 * 1024 * 1024
IN_CHANNELS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
IN_ANSWERS = IN_CHANNELS | EPHEMERAL
_ANY = ("content", "embeds", "allowed_mentions", "components", "attachments", "flags")
CREATE_KEYS = (*_ANY, "nonce", "enforce_nonce", "tts", "message_reference", "sticker_ids", "poll")
# discord.py says `tts: false` in edits of its webhook messages; it means nothing there.
EDIT_KEYS = (*_ANY, "poll", "tts")
ANSWER_KEYS = (*_ANY, "tts", "poll")
FOLLOWUP_KEYS = (*ANSWER_KEYS, "username", "avatar_url", "thread_name", "applied_tags")


def check_new(
    body: Mapping[str, Any], files: int, keys: tuple[str, ...], flags: int, problems: Problems, path: str = ""
) -> None:
    problems.keys(path, body, keys)
    if _empty(body) and not files:
        problems.refuse("", "EMPTY_MESSAGE", "Cannot send an empty message")
    _check_flags(body, flags, problems)
    _check_nonce(body, problems)
    _check_parts(body, bool((body.get("flags") or 0) & COMPONENTS_V2), problems)
    check_silence(body, problems)


def check_change(body: Mapping[str, Any], message: Message | None, keys: tuple[str, ...], problems: Problems) -> None:
    """What the flags were decides how the components are read; layout cannot be taken back."""
    problems.keys("", body, keys)
    had_layout = message is not None and bool(message.flags & COMPONENTS_V2)
    flags = body.get("flags")
    _check_flags(body, EDITABLE, problems)
    if had_layout and flags is not None and not flags & COMPONENTS_V2:
        problems.refuse("flags", "MESSAGE_FLAGS_INVALID", "The components flag cannot be removed")
    laid_out = had_layout or bool((flags or 0) & COMPONENTS_V2)
    _check_parts(body, laid_out, problems)
    if body.get("content") or (laid_out and body.get("components")):
        check_silence(body, problems)


def _empty(body: Mapping[str, Any]) -> bool:
    told = (body.get("content") or "").strip() if isinstance(body.get("content") or "", str) else "?"
    return not told and not any(body.get(key) for key in ("embeds", "components", "sticker_ids", "poll"))


def _check_flags(body: Mapping[str, Any], allowed: int, problems: Problems) -> None:
    flags = body.get("flags") or 0
    if flags & ~allowed:
        problems.frown("flags", f"{flags & ~allowed} cannot be set here")


def _check_nonce(body: Mapping[str, Any], problems: Problems) -> None:
    nonce = body.get("nonce")
    problems.length("nonce", None if nonce is None else str(nonce), NONCE)
    if body.get("enforce_nonce") and nonce is None:
        problems.frown("enforce_nonce", "there is no nonce to enforce")


def _check_parts(body: Mapping[str, Any], laid_out: bool, problems: Problems) -> None:
    if laid_out and any(body.get(key) for key in ("content", "embeds", "poll")):
        problems.refuse("", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Layout takes no content or embeds")
    problems.length("content", body.get("content"), CONTENT)
    embeds.check(body.get("embeds") or [], problems)
    components.check(body.get("components") or [], laid_out, problems)
    problems.count("attachments", body.get("attachments") or [], MOST_ATTACHMENTS)
    for index, each in enumerate(body.get("attachments") or []):
        known = ("id", "filename", "description", "duration_secs", "waveform", "title", "is_remix", "content_type")
        kept = ("size", "url", "proxy_url", "height", "width", "ephemeral", "flags", "placeholder", "spoiler")
        problems.keys(f"attachments.{index}", each, (*known, *kept))


def check_silence(body: Mapping[str, Any], problems: Problems) -> None:
    """A rule of Inkling's: what a model writes notifies nobody."""
    allowed = body.get("allowed_mentions")
    if allowed is None:
        problems.frown("allowed_mentions", "missing, so mentions in the text would notify people")
        return
    problems.keys("allowed_mentions", allowed, ("parse", "users", "roles", "replied_user"))
    loud = [key for key in ("parse", "users", "roles", "replied_user") if allowed.get(key)]
    if loud or "parse" not in allowed:
        problems.frown("allowed_mentions", f"{allowed} may notify people")
    for key in ("users", "roles"):
        if allowed.get(key) and key in (allowed.get("parse") or ()):
            sentence = f"parse:{key} and {key} are mutually exclusive"
            problems.refuse("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", sentence)
        problems.count(f"allowed_mentions.{key}", allowed.get(key) or [], MOST_MENTIONS)
