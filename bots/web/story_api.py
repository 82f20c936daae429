"""The page's endpoints for a story's tree: to walk it, and to take it along as a file."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from bots.commands.tree import StoryAsk, StoryForm
from bots.core import Core
from bots.documents import Picture
from bots.story_text import numbered, pieces
from bots.story_tree import NodeKey, StoryTree
from bots.tree_layout import Row, Theme, lay_out
from bots.web.identity import FIRST_CHANNEL, page_invocation
from bots.web.payloads import Json
from config.errors import InvalidOptions

MOST_ROWS = 400
_FILES: dict[str, StoryForm] = {"text": "text", "markdown": "markdown", "picture": "picture"}
_TYPES = {".png": "image/png", ".md": "text/markdown", ".txt": "text/plain"}


class StoryApi:
    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/results/{id}/tree", self.tree),
            web.get("/api/results/{id}/story", self.file),
        ]

    async def tree(self, request: web.Request) -> web.Response:
        """Every sample of the story by rows, and the text up to the one asked for."""
        tree, key = await self._core.tree.find(page_invocation(FIRST_CHANNEL), _key(request))
        return web.json_response(tree_json(tree, key))

    async def file(self, request: web.Request) -> web.Response:
        form = _FILES.get(request.query.get("form", "text"))
        if form is None:
            raise InvalidOptions(f"form is one of {', '.join(_FILES)}.", "form")
        theme: Theme = "dark" if request.query.get("theme") == "dark" else "light"
        told = await self._core.tree.tell(page_invocation(FIRST_CHANNEL), StoryAsk(form), _key(request), theme)
        assert told.attachment is not None, "these forms are files"
        name = told.attachment.name
        kind: Literal["inline", "attachment"] = "inline" if isinstance(told.attachment, Picture) else "attachment"
        return web.Response(
            body=told.attachment.content,
            content_type=_TYPES[name[name.rindex(".") :]],
            charset=None if isinstance(told.attachment, Picture) else "utf-8",
            headers={"Content-Disposition": f'{kind}; filename="{name}"'},
        )


def tree_json(tree: StoryTree, key: NodeKey) -> Json:
    layout = lay_out(tree, key, MOST_ROWS)
    return {
        "request_id": key.request_id,
        "sample": key.sample,
        "number": numbered(tree)[key],
        "steps": len(tree.path(key)),
        "pieces": list(pieces(tree.path(key))),
        "rows": [_row_json(row) for row in layout.rows],
        "left_out": layout.left_out,
    }


def _row_json(row: Row) -> Json:
    its = {} if row.key is None else {"request_id": row.key.request_id, "sample": row.key.sample}
    return {"text": row.text, "note": row.note, "column": row.column, "above": row.above, "taken": row.taken, **its}


def _key(request: web.Request) -> NodeKey:
    sample = request.query.get("sample", "0")
    return NodeKey(request.match_info["id"], int(sample) if sample.isdecimal() and len(sample) < 10 else 0)
