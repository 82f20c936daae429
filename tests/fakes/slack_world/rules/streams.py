"""Pieces of a streamed message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack_world.rules import blocks
from tests.fakes.slack_world.rules.messages import MARKDOWN_TEXT
from tests.fakes.slack_world.rules.problems import Inspection, Problems

CHUNKS = {
    "markdown_text": ("text",),
    "task_update": ("id", "title", "status", "details", "output", "sources"),
    "plan_update": ("title",),
    "blocks": ("blocks",),
}


def check(problems: Problems, body: Mapping[str, Any]) -> None:
    chunks = body.get("chunks")
    if chunks is not None:
        _check_chunks(problems, chunks)
    if body.get("markdown_text") and chunks:
        problems.frown("/markdown_text", "beside chunks")
    if len(_text(body)) > MARKDOWN_TEXT:
        problems.refuse("/markdown_text", "msg_blocks_too_long")
    if body.get("blocks") is not None:
        blocks.check(Inspection(problems, "invalid_blocks"), body["blocks"])


def _check_chunks(problems: Problems, chunks: Any) -> None:
    inspection = Inspection(problems, "invalid_chunks")
    if not inspection.count("/chunks", chunks, 100):
        return
    for number, chunk in enumerate(chunks):
        path, kind = f"/chunks/{number}", str(chunk.get("type")) if isinstance(chunk, dict) else ""
        if kind not in CHUNKS:
            inspection.refuse(path, f"unknown chunk: {kind}")
            continue
        needed = () if kind == "task_update" else CHUNKS[kind]
        inspection.keys(path, chunk, ("type", *CHUNKS[kind]), needed)
        if kind == "blocks":
            blocks.check(inspection, chunk.get("blocks"), f"{path}/blocks")


def _text(body: Mapping[str, Any]) -> str:
    chunks = body.get("chunks")
    held = chunks if isinstance(chunks, list) else []
    texts = [str(each.get("text", "")) for each in held if isinstance(each, dict)]
    return str(body.get("markdown_text") or "") + "".join(texts)
