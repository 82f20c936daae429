"""Blocks: what each may hold, and how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.fakes.slack_world.rules import elements
from tests.fakes.slack_world.rules.problems import Inspection
from tests.fakes.slack_world.rules.texts import optional_text, text_object

IN_MESSAGE, IN_VIEW = 50, 100
SECTION, FIELDS, FIELD, HEADER, CONTEXT, ACTIONS, MARKDOWN = 3000, 10, 2000, 150, 10, 25, 12_000
LABEL, BLOCK_ID, URL, ALT_TEXT = 2000, 255, 3000, 2000
# Blocks this fake knows by name but does not look into.
UNREAD = ("video", "file", "table", "data_table", "context_actions", "task_card", "plan", "alert", "card", "carousel")
Rule = Callable[[Inspection, str, dict[str, Any]], None]


def check(inspection: Inspection, blocks: Any, path: str = "/blocks", most: int = IN_MESSAGE) -> None:
    if not inspection.count(path, blocks, most):
        return
    for number, block in enumerate(blocks):
        _check_block(inspection, f"{path}/{number}", block)
    _check_ids(inspection, path, [each for each in blocks if isinstance(each, dict)])


def _check_block(inspection: Inspection, path: str, block: Any) -> None:
    if not isinstance(block, dict):
        inspection.refuse(path, "must be an object")
        return
    kind = str(block.get("type"))
    inspection.length(f"{path}/block_id", block.get("block_id"), BLOCK_ID, 1)
    if kind in RULES:
        known, rule = RULES[kind]
        inspection.keys(path, block, ("type", "block_id", *known))
        rule(inspection, path, block)
    elif kind not in UNREAD:
        inspection.refuse(f"{path}/type", f"unsupported type: {kind}")


def _check_ids(inspection: Inspection, path: str, blocks: list[dict[str, Any]]) -> None:
    block_ids = Counter(str(block["block_id"]) for block in blocks if block.get("block_id"))
    for block_id, times in block_ids.items():
        if times > 1:
            inspection.refuse(path, f"block_id already exists: {block_id}")
    markdown = sum(len(str(block.get("text", ""))) for block in blocks if block.get("type") == "markdown")
    if markdown > MARKDOWN:
        inspection.refuse(path, f"markdown blocks hold more than {MARKDOWN} characters together")


def _section(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        inspection.refuse(path, "missing required field: text")
    if text is not None:
        text_object(inspection, f"{path}/text", text, SECTION)
    if fields is not None and inspection.count(f"{path}/fields", fields, FIELDS, 1):
        for number, each in enumerate(fields):
            text_object(inspection, f"{path}/fields/{number}", each, FIELD)
    if block.get("accessory") is not None:
        elements.check(inspection, f"{path}/accessory", block["accessory"], elements.ACCESSORIES)


def _header(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    text_object(inspection, f"{path}/text", block.get("text"), HEADER, plain_only=True)


def _context(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    held = block.get("elements")
    if not inspection.count(f"{path}/elements", held, CONTEXT, 1):
        return
    for number, each in enumerate(held or []):
        here = f"{path}/elements/{number}"
        if isinstance(each, dict) and each.get("type") == "image":
            elements.check(inspection, here, each, ("image",))
        else:
            text_object(inspection, here, each, SECTION)


def _actions(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    held = block.get("elements")
    if not inspection.count(f"{path}/elements", held, ACTIONS, 1):
        return
    for number, each in enumerate(held or []):
        elements.check(inspection, f"{path}/elements/{number}", each, elements.ACTIONS)
    named = Counter(str(each["action_id"]) for each in held or [] if isinstance(each, dict) and "action_id" in each)
    for action_id, times in named.items():
        if times > 1:
            inspection.refuse(path, f"action_id already exists: {action_id}")


def _input(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    text_object(inspection, f"{path}/label", block.get("label"), LABEL, plain_only=True)
    optional_text(inspection, f"{path}/hint", block.get("hint"), LABEL)
    elements.check(inspection, f"{path}/element", block.get("element"), elements.INPUTS)


def _image(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    elements.image(inspection, path, block)
    optional_text(inspection, f"{path}/title", block.get("title"), ALT_TEXT)


def _markdown(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    inspection.length(f"{path}/text", block.get("text"), MARKDOWN, 1)
    if block.get("text") is None:
        inspection.refuse(path, "missing required field: text")


def _divider(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    """It holds nothing."""


def _rich_text(inspection: Inspection, path: str, block: dict[str, Any]) -> None:
    inspection.count(f"{path}/elements", block.get("elements"), 1000, 1)


RULES: dict[str, tuple[tuple[str, ...], Rule]] = {
    "section": (("text", "fields", "accessory", "expand"), _section),
    "header": (("text", "level"), _header),
    "context": (("elements",), _context),
    "actions": (("elements",), _actions),
    "input": (("label", "element", "dispatch_action", "hint", "optional"), _input),
    "image": (("image_url", "slack_file", "alt_text", "title"), _image),
    "markdown": (("text",), _markdown),
    "divider": ((), _divider),
    "rich_text": (("elements",), _rich_text),
}
