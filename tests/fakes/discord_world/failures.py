"""What Discord answers when it refuses, with its own codes and JSON shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MESSAGES = {
    0: "401: Unauthorized",
    10002: "Unknown Application",
    10003: "Unknown Channel",
    10004: "Unknown Guild",
    10007: "Unknown Member",
    10008: "Unknown Message",
    10013: "Unknown User",
    10014: "Unknown Emoji",
    10015: "Unknown Webhook",
    10062: "Unknown interaction",
    10063: "Unknown application command",
    20022: "This interaction has been deleted",
    30010: "Maximum number of reactions reached (20)",
    30032: "Maximum number of application commands reached (100)",
    30046: "Maximum number of edits to messages older than 1 hour reached. Try again later",
    40005: "Request entity too large",
    40060: "Interaction has already been acknowledged.",
    40094: "This interaction has reached its maximum number of follow-up messages",
    50001: "Missing Access",
    50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message",
    50007: "Cannot send messages to this user",
    50008: "Cannot send messages in a non-text channel",
    50013: "Missing Permissions",
    50021: "Cannot execute action on a system message",
    50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token",
    50035: "Invalid Form Body",
    50034: "A message provided was too old to bulk delete",
    50083: "Thread is archived",
    50109: "The request body contains invalid JSON.",
    160002: "Cannot reply without permission to read message history",
    160004: "A thread has already been created for this message",
    160005: "Thread is locked",
    160006: "Maximum number of active threads reached",
}
STATUS = {0: 401, 40005: 413, 40094: 400, 50027: 401, 50001: 403, 50005: 403, 50007: 403, 50013: 403, 50021: 403}
NOT_FOUND = range(10001, 10100)


class Refused(Exception):
    """Ends a request with an error answer."""

    def __init__(
        self,
        code: int,
        errors: Mapping[str, Any] | None = None,
        *,
        status: int | None = None,
        message: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.code = code
        self.status = status or (404 if code in NOT_FOUND else STATUS.get(code, 400))
        self.message = message or MESSAGES.get(code, "Error")
        self.errors = errors
        self.extra = extra or {}
        super().__init__(f"{self.status} {code}: {self.message}")

    def payload(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "code": self.code, **self.extra}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


def invalid_form(problems: Mapping[str, tuple[str, str]]) -> Refused:
    """`problems` are (Discord's error code, sentence) by dotted path; Discord nests them by field."""
    errors: dict[str, Any] = {}
    for path, (code, sentence) in problems.items():
        here = errors
        for step in filter(None, path.split(".")):
            here = here.setdefault(step, {})
        here.setdefault("_errors", []).append({"code": code, "message": sentence})
    return Refused(50035, errors)
