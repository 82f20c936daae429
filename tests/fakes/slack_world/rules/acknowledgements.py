"""What may come back with the acknowledgement of an interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world.rules import elements, views
from tests.fakes.slack_world.rules.problems import Inspection, Problems

if TYPE_CHECKING:
    from tests.fakes.slack_world.deliveries import Delivery
    from tests.fakes.slack_world.views import View

KNOWN = {"errors": {"errors"}, "update": {"view"}, "push": {"view"}, "clear": set[str]()}


def inspect(view: View, payload: dict[str, Any]) -> bool:
    """Of a submitted modal: whether Slack can do what it says."""
    problems = Problems()
    if payload:
        _check(problems, view, payload)
    for path, reason in problems.reasons():
        view.world.violated("view_submission", path, reason)
    return not problems.refused


def _check(problems: Problems, view: View, payload: dict[str, Any]) -> None:
    action = payload.get("response_action")
    if action not in KNOWN:
        problems.refuse("/response_action", "unknown", f"{action!r} is not among {', '.join(KNOWN)}")
        return
    for key in set(payload) - KNOWN[action] - {"response_action"}:
        problems.frown(f"/{key}", "unknown field")
    if action == "errors":
        _check_errors(problems, view, payload.get("errors"))
    elif action in ("update", "push"):
        views.check(problems, payload.get("view"), "modal")


def _check_errors(problems: Problems, view: View, errors: Any) -> None:
    if not isinstance(errors, dict) or not errors:
        problems.refuse("/errors", "invalid", "must name at least one field")
        return
    fields = {each["block_id"] for each in view.inputs}
    for block_id, sentence in errors.items():
        if block_id not in fields:
            problems.refuse(f"/errors/{block_id}", "invalid", "is not the block_id of an input")
        if not isinstance(sentence, str) or not sentence:
            problems.refuse(f"/errors/{block_id}", "invalid", "must say something")


def inspect_options(view: View, payload: dict[str, Any]) -> None:
    """What a menu that asks the bot gets."""
    problems = Problems()
    for key in set(payload) - {"options", "option_groups"}:
        problems.frown(f"/{key}", "unknown field")
    elements.check_offered(Inspection(problems, "invalid"), payload.get("options"))
    for path, reason in problems.reasons():
        view.world.violated("block_suggestion", path, reason)


def inspect_empty(delivery: Delivery) -> None:
    """Clicks, shortcuts and closed modals take nothing."""
    if delivery.ack_payload:
        reason = f"the acknowledgement should be empty, not {str(delivery.ack_payload)[:80]}"
        delivery.workspace.world.violated(delivery.name, "", reason)
