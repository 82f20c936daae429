"""What may be sent to a response_url, or as the answer to a command."""

from __future__ import annotations

from typing import Any

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


def inspect(problems: Problems, body: dict[str, Any]) -> None:
    for key in body:
        if key not in KNOWN:
            problems.frown(f"/{key}", "unknown field")
