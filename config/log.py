"""What Inkling logs, and what it never does: no secret, no prompt, no text of a completion.

Modules log through `structlog.get_logger(__name__)`; libraries log through `logging`. Both come out alike.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from config.settings import LogSettings

_OWN_LOGGERS = ("bots", "backends", "generation", "config", "__main__")
_ACCESS_LOGGER = "aiohttp.access"
_SERVER_LOGGER = "aiohttp.server"
_PARSER_ERRORS = "aiohttp.http_exceptions"
_SECRET_WORDS = frozenset(
    ("token", "secret", "key", "apikey", "password", "passwd", "authorization", "cookie", "credential", "credentials")
)
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SECRET_SHAPE = re.compile(
    r"\b(?:(?:Bearer|Basic|Bot) +[\w.~+/=-]{8,}|(?:xox[a-z]|xapp|sk)-[\w-]{8,}|ticket=[\w-]{8,})"
)
_TEXT_KEYS = frozenset({"prompt", "text"})
_HIDDEN = "[hidden]"


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send every log line to `stream` (standard error): for people on a terminal, else as JSON lines.

    Libraries are never heard below "info", since their debugging lines hold messages and headers.
    """
    stream = stream or sys.stderr
    as_json = not stream.isatty() if settings.json_lines is None else settings.json_lines
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(as_json, colors=stream.isatty()))
    root = logging.getLogger()
    root.handlers = [handler]
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    root.setLevel(max(level, logging.INFO))
    for name in _OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)
    logging.getLogger(_SERVER_LOGGER).filters = [_is_not_garbage]
    logging.getLogger(_ACCESS_LOGGER).setLevel(logging.INFO if level <= logging.DEBUG else logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor that leaves out prompts and texts, and hides secrets by their key or their shape."""
    return {key: _redacted(key, value) for key, value in event.items() if key not in _TEXT_KEYS}


def _is_not_garbage(record: logging.LogRecord) -> bool:
    """Not what isn't HTTP: it was answered with 400, and its log line would quote what may hold a token or a prompt."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != _PARSER_ERRORS


def _redacted(key: object, value: Any) -> Any:
    # structlog's own keys begin with an underscore and hold its record, not ours to look into.
    if isinstance(key, str) and key.startswith("_"):
        return value
    if isinstance(key, str) and not _SECRET_WORDS.isdisjoint(word.lower() for word in _WORD.findall(key)):
        return _HIDDEN
    if isinstance(value, str):
        return _SECRET_SHAPE.sub(_HIDDEN, value)
    if isinstance(value, Mapping):
        return {name: _redacted(name, inner) for name, inner in value.items() if name not in _TEXT_KEYS}
    if isinstance(value, list | tuple):
        return [_redacted(None, inner) for inner in value]
    return value


def _shared_processors() -> list[Processor]:
    """What happens to every line, ours or a library's."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _formatter(as_json: bool, colors: bool) -> logging.Formatter:
    # Tracebacks are rendered before the redaction, so that it sees them, and plainly: other renderers show variables.
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            renderer,
        ],
    )
