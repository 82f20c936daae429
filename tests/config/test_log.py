from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from config.log import configure_logging, redact
from config.settings import LogSettings

LOGGERS = ("", "bots", "backends", "generation", "config", "__main__", "aiohttp.access")


class Stream(io.StringIO):
    """A standard error stream that is a terminal, or not."""

    def __init__(self, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging belongs to the whole process; put it back after each test."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    handlers = logging.getLogger().handlers
    filters = logging.getLogger("aiohttp.server").filters
    yield
    logging.getLogger("aiohttp.server").filters = filters
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def log_to(stream: Stream, **settings: Any) -> structlog.stdlib.BoundLogger:
    configure_logging(LogSettings.model_validate(settings), stream)
    logger: structlog.stdlib.BoundLogger = structlog.get_logger("bots.jobs")
    return logger


def test_no_terminal_gets_json_lines() -> None:
    stream = Stream()
    log_to(stream).info("job done", request="r1", seconds=0.5, name="ümlaut")
    (line,) = stream.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job done",
        "request": "r1",
        "seconds": 0.5,
        "name": "ümlaut",
        "level": "info",
        "logger": "bots.jobs",
    }


def test_terminal_gets_lines_for_people() -> None:
    stream = Stream(terminal=True)
    log_to(stream).warning("engine slow", seconds=3)
    assert "engine slow" in stream.getvalue()
    assert "\x1b[" in stream.getvalue()


def test_settings_decide_over_the_stream() -> None:
    terminal, pipe = Stream(terminal=True), Stream()
    log_to(terminal, json_lines=True).info("as json")
    assert terminal.lines[0]["event"] == "as json"
    log_to(pipe, json_lines=False).info("for people")
    assert "for people" in pipe.getvalue()
    assert not pipe.getvalue().startswith("{")
    assert "\x1b[" not in pipe.getvalue()


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_level_is_the_least_important_line(level: str, heard: int) -> None:
    stream = Stream()
    log = log_to(stream, level=level)
    for method in (log.debug, log.info, log.warning, log.error):
        method("line")
    assert len(stream.lines) == heard


def test_configuring_twice_logs_once() -> None:
    stream = Stream()
    log_to(stream)
    log_to(stream).info("once")
    assert len(stream.lines) == 1


def test_libraries_come_out_alike_but_never_debugging() -> None:
    stream = Stream()
    log_to(stream, level="debug")
    library = logging.getLogger("some.library")
    library.debug("sent %s", "hello")
    library.warning("retry %d", 2, extra={"api_key": "s3cret"})
    (line,) = stream.lines
    assert line["event"] == "retry 2"
    assert (line["level"], line["logger"], line["api_key"]) == ("warning", "some.library", "[hidden]")


@pytest.mark.parametrize(("level", "heard"), [("debug", 1), ("info", 0)])
def test_web_requests_are_heard_when_debugging_only(level: str, heard: int) -> None:
    stream = Stream()
    log_to(stream, level=level)
    logging.getLogger("aiohttp.access").info("GET /")
    assert len(stream.lines) == heard


async def test_what_is_not_http_leaves_nothing_in_the_log() -> None:
    stream = Stream()
    log_to(stream)
    async with TestServer(web.Application()) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write("GET /?token=s3cretü HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert b"400 Bad Request" in await reader.read()
        writer.close()
    assert "s3cret" not in stream.getvalue()
    assert "aiohttp.server" not in stream.getvalue()


def test_what_breaks_in_the_server_is_in_the_log() -> None:
    stream = Stream()
    log_to(stream)
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=KeyError("x"))
    assert [line["event"] for line in stream.lines] == ["Error handling request"]


def test_context_is_added_and_redacted() -> None:
    stream = Stream()
    log = log_to(stream)
    with structlog.contextvars.bound_contextvars(request="r1", slack_token="s3cret"):
        log.info("line")
    assert stream.lines[0]["request"] == "r1"
    assert stream.lines[0]["slack_token"] == "[hidden]"


@pytest.mark.parametrize("json_lines", [True, False])
def test_traceback_shows_no_variables_and_no_header(json_lines: bool) -> None:
    stream = Stream()
    log = log_to(stream, json_lines=json_lines)
    local = "".join(["s3", "cret"])
    try:
        raise ValueError("refused: Bearer " + local * 4)
    except ValueError:
        log.exception("failed")
        logging.getLogger("some.library").exception("failed too")
    assert stream.getvalue().count("Traceback") == 2
    assert stream.getvalue().count("refused: [hidden]") == 2
    assert local not in stream.getvalue()


KEYS = ["token", "api_key", "TOKEN", "bot-token", "clientSecret", "password", "Authorization", "web.token", "Cookie"]


@given(st.sampled_from(KEYS), st.sampled_from(["flat", "deep", "listed"]))
def test_secrets_are_hidden_wherever_they_are(key: str, shape: str) -> None:
    inner = {key: "s3cret", "prompt": "s3cret", "text": "s3cret"}
    event = {"flat": inner, "deep": {"a": {"b": inner}}, "listed": {"a": [1, inner]}}[shape]
    hidden = redact(None, "info", {"event": "line", **event})
    assert "s3cret" not in str(hidden)
    assert "[hidden]" in str(hidden)


@pytest.mark.parametrize("key", ["prompt_tokens", "tokens", "monkey", "keyboard", "secretary", "texts", "context"])
def test_counts_and_other_words_stay(key: str) -> None:
    assert redact(None, "info", {key: 3}) == {key: 3}


@pytest.mark.parametrize(
    "text",
    [
        "Bearer abcdefgh1234",
        "xoxb-123-456-abcdef",
        "xapp-1-ABCDEFGH",
        "ticket=abcdefgh-1",
        "Bot MTIz.NDU2.abcdef",
    ],
)
def test_secrets_are_known_by_their_shape(text: str) -> None:
    assert redact(None, "info", {"event": f"sent {text} there"}) == {"event": "sent [hidden] there"}
