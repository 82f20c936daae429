"""Modals and Home tabs as a whole."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.slack_world.rules import blocks
from tests.fakes.slack_world.rules.problems import Inspection, Problems
from tests.fakes.slack_world.rules.texts import text_object

TITLE, PRIVATE_METADATA, CALLBACK_ID, LARGEST = 24, 3000, 255, 250_000
SHARED = ("type", "blocks", "private_metadata", "callback_id", "external_id")
MODAL = (*SHARED, "title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")


def check(problems: Problems, view: Any, kind: str, path: str = "/view") -> None:
    inspection = Inspection(problems, "invalid_arguments")
    if not isinstance(view, dict):
        inspection.refuse(path, "must be an object")
        return
    if view.get("type") != kind:
        inspection.refuse(f"{path}/type", f"must be {kind}")
    inspection.keys(path, view, MODAL if kind == "modal" else SHARED, ("type", "blocks"))
    inspection.length(f"{path}/private_metadata", view.get("private_metadata"), PRIVATE_METADATA)
    inspection.length(f"{path}/callback_id", view.get("callback_id"), CALLBACK_ID)
    inspection.length(f"{path}/external_id", view.get("external_id"), CALLBACK_ID)
    blocks.check(inspection, view.get("blocks"), f"{path}/blocks", blocks.IN_VIEW)
    if kind == "modal":
        _modal(inspection, path, view)
    if len(json.dumps(view)) > LARGEST:
        problems.refuse(path, "view_too_large")


def _modal(inspection: Inspection, path: str, view: dict[str, Any]) -> None:
    text_object(inspection, f"{path}/title", view.get("title"), TITLE, plain_only=True)
    for name in ("submit", "close"):
        if view.get(name) is not None:
            text_object(inspection, f"{path}/{name}", view[name], TITLE, plain_only=True)
    held = view.get("blocks")
    there = held if isinstance(held, list) else []
    asks = any(isinstance(each, dict) and each.get("type") == "input" for each in there)
    if asks and view.get("submit") is None:
        inspection.refuse(path, "missing required field: submit")
