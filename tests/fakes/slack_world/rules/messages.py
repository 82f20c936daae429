"""What a message may say, however it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack_world.rules import blocks
from tests.fakes.slack_world.rules.problems import Inspection, Problems
from tests.fakes.slack_world.rules.texts import escaped

TEXT, MARKDOWN_TEXT, ATTACHMENTS = 4000, 12_000, 100


def check(problems: Problems, body: Mapping[str, Any], *, too_long: str = "") -> None:
    """`too_long` is the error for more than 4,000 characters, where Slack refuses them."""
    if not any(body.get(name) for name in ("text", "blocks", "attachments", "markdown_text")):
        problems.refuse("", "no_text")
    _check_text(problems, body, too_long)
    _check_blocks(problems, body)
    _check_metadata(problems, body.get("metadata"))
    if body.get("link_names"):
        problems.frown("/link_names", "is on")
    if body.get("parse") not in (None, "none"):
        problems.frown("/parse", f"is {body['parse']}, not none")


def _check_text(problems: Problems, body: Mapping[str, Any], too_long: str) -> None:
    text, markdown = body.get("text"), body.get("markdown_text")
    if markdown and (text or body.get("blocks")):
        problems.refuse("/markdown_text", "markdown_text_conflict")
    if text is not None and not isinstance(text, str):
        problems.refuse("/text", "invalid_arguments", "must be a string")
    elif text and len(text) > TEXT:
        _say_too_long(problems, "/text", TEXT, too_long)
    if markdown and len(str(markdown)) > MARKDOWN_TEXT:
        _say_too_long(problems, "/markdown_text", MARKDOWN_TEXT, too_long or "msg_blocks_too_long")
    if isinstance(text, str) and body.get("mrkdwn") is not False:
        escaped(Inspection(problems, "no_text"), "/text", text)


def _say_too_long(problems: Problems, path: str, most: int, error: str) -> None:
    if error:
        problems.refuse(path, error)
    else:
        problems.frown(path, f"more than {most} characters")


def _check_blocks(problems: Problems, body: Mapping[str, Any]) -> None:
    inspection = Inspection(problems, "invalid_blocks")
    if body.get("blocks") is not None:
        blocks.check(inspection, body["blocks"])
        if body["blocks"] and not body.get("text"):
            problems.frown("/text", "blocks without a text: notifications and screen readers have nothing to read")
    attachments = body.get("attachments")
    if isinstance(attachments, list):
        if len(attachments) > ATTACHMENTS:
            problems.refuse("/attachments", "too_many_attachments")
        for number, each in enumerate(attachments):
            if isinstance(each, dict) and each.get("blocks") is not None:
                blocks.check(inspection, each["blocks"], f"/attachments/{number}/blocks")


def _check_metadata(problems: Problems, metadata: Any) -> None:
    if metadata in (None, {}):
        return
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        problems.refuse("/metadata", "invalid_metadata_format")
    elif not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        problems.refuse("/metadata/event_type", "invalid_metadata_format")
    elif set(metadata) - {"event_type", "event_payload", "entities"}:
        problems.refuse("/metadata", "invalid_metadata_schema")


def check_unfurl(problems: Problems, body: Mapping[str, Any]) -> None:
    """Links in other people's words should show nothing by themselves."""
    for name in ("unfurl_links", "unfurl_media"):
        if body.get(name) is not False:
            problems.frown(f"/{name}", "is not off")
