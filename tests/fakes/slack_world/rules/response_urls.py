"""What may be sent to a response_url, or as the answer to a command."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack_world.rules import messages
from tests.fakes.slack_world.rules.problems import Problems

KNOWN = {
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "parse",
    "link_names",
    "mrkdwn",
    "metadata",
}


def inspect(problems: Problems, body: Any) -> None:
    if not isinstance(body, dict):
        problems.refuse("", "invalid_payload")
        return
    for key in body:
        if key not in KNOWN:
            problems.frown(f"/{key}", "unknown field")
    if body.get("response_type") not in (None, "ephemeral", "in_channel"):
        problems.refuse("/response_type", "invalid_payload")
    if body.get("delete_original"):
        return
    messages.check(problems, body)
    if body.get("response_type") == "in_channel":
        messages.check_unfurl(problems, body)
