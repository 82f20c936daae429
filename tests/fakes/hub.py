"""A model hub on loopback: as much of its API as fetching a model takes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """`repositories` are files by name by repository."""

    repositories: Mapping[str, Mapping[str, bytes]]
    gated: frozenset[str] = frozenset()
    breaks_at: str | None = None
    """A file that is cut off while it is sent."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        self.asked.append(path)
        if path.startswith("/api/models/"):
            return self._api(path.removeprefix("/api/models/").partition("?")[0])
        repository, _, rest = path.lstrip("/").partition("/resolve/")
        content = self.repositories[repository][rest.partition("/")[2]]
        return 200, content, {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": COMMIT}

    def _api(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        repository = path.partition("/tree/")[0].partition("/revision/")[0]
        if repository in self.gated:
            return 403, b"{}", {"X-Error-Code": "GatedRepo"}
        if repository not in self.repositories:
            return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
        files = self.repositories[repository].items()
        if "/tree/" in path:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": _oid(content)} for name, content in files
            ]
            return 200, json.dumps(tree).encode(), {}
        siblings = [{"rfilename": name, "size": len(content)} for name, content in files]
        return 200, json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode(), {}


@contextmanager
def serve_hub(hub: FakeHub) -> Iterator[FakeHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(with_body=True)

        def do_HEAD(self) -> None:
            self._send(with_body=False)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

        def _send(self, with_body: bool) -> None:
            status, content, headers = hub.answer(self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if with_body:
                cut = hub.breaks_at is not None and self.path.endswith(hub.breaks_at)
                self.wfile.write(content[: len(content) // 2] if cut else content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _oid(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
