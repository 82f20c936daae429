"""AWS on a bad day: stands between a client and an emulator, passes everything on, and does to chosen calls what
networks and AWS do: refuses, breaks down, throttles, or does the work and loses the answer."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.fakes.ministack import client_at

Fault = Literal["cut", "lost answer", "broken", "unavailable", "throttled", "denied", "gone"]
"""`cut`: the connection breaks before anything is done; `lost answer`: after it is done."""

_REFUSALS: dict[Fault, tuple[int, str]] = {
    "broken": (500, "InternalServerError"),
    "unavailable": (503, "ServiceUnavailable"),
    "throttled": (400, "ThrottlingException"),
    "denied": (403, "AccessDeniedException"),
    "gone": (400, "ResourceNotFoundException"),
}
_ALL = 1_000_000
_NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class FaultyAws:
    """`calls` are the operations asked for, in order, repetitions by the client among them."""

    upstream: str
    url: str = ""
    calls: list[str] = field(default_factory=list)
    _planned: list[tuple[str, Fault, int, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, operation: str = "", *, times: int = _ALL, after: int = 0) -> None:
        """The next `times` calls of `operation`, such as PutItem (any, when empty), once `after` of them went well."""
        with self._lock:
            self._planned.append((operation, fault, after, times))

    def heal(self) -> None:
        """Nothing goes wrong any more; forgets the calls too."""
        with self._lock:
            self._planned.clear()
            self.calls.clear()

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def client(self, service: Any, **more: Any) -> Any:
        """A boto3 client through this."""
        return client_at(self.url, service, **more)

    def fault_of(self, operation: str) -> Fault | None:
        """What happens to this call, which is thereby counted."""
        with self._lock:
            self.calls.append(operation)
            for number, (wanted, fault, after, times) in enumerate(self._planned):
                if wanted not in ("", operation) or not times:
                    continue
                self._planned[number] = (wanted, fault, max(after - 1, 0), times - (not after))
                return None if after else fault
        return None


class _Between(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    faulty: FaultyAws

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.faulty.fault_of(operation_of(self.headers.get("X-Amz-Target"), body, self.command, self.path))
        if fault == "cut":
            self._cut()
        elif fault == "lost answer":
            self._ask(body)
            self._cut()
        elif fault is None:
            self._answer(*self._ask(body))
        else:
            self._refuse(*_REFUSALS[fault])

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST  # noqa: N815

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(self.faulty.upstream)
        upstream = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        try:
            upstream.request(self.command, self.path, body, dict(self.headers.items()))
            answer = upstream.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        """In the words of the protocol that was spoken."""
        if self.headers.get("X-Amz-Target") or "json" in self.headers.get("Content-Type", ""):
            content_type, body = "application/x-amz-json-1.0", json.dumps({"__type": code, "message": "a bad day"})
        else:
            error = f"<Error><Code>{code}</Code><Message>a bad day</Message></Error>"
            content_type, body = "text/xml", f"<Response><Errors>{error}</Errors></Response>"
        self._answer(status, {"Content-Type": content_type, "x-amzn-ErrorType": code}, body.encode())

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def operation_of(target: str | None, body: bytes, method: str, path: str) -> str:
    """PutItem, SendMessage, StartInstances …; method and path where the protocol has no name for it."""
    if target:
        return target.rpartition(".")[2]
    action = parse_qs(body.decode("utf-8", "replace")).get("Action")
    return action[0] if action else f"{method} {urlsplit(path).path}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, which is the point."""


@contextmanager
def faulty_aws(upstream: str) -> Iterator[FaultyAws]:
    """`upstream` is the emulator's URL."""
    faulty = FaultyAws(upstream)
    server = _Server(("127.0.0.1", 0), type("Between", (_Between,), {"faulty": faulty}))
    faulty.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
