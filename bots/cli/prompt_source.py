"""Where a prompt comes from: the command line, a file or standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from config.errors import InvalidOptions
from config.text import shorten

MAX_UTF8_BYTES = 4
"""Of one character."""


def read_prompt(words: Sequence[str], file: Path | None, max_characters: int) -> str:
    """The prompt, from `words` or `file`. One line break at the end of a file or of standard input is left out.

    `-` means standard input, `@path` a file, `@@…` a prompt that begins with @. Raises InvalidOptions.
    """
    if file is not None:
        if words:
            raise InvalidOptions("Give me a prompt or --file, not both.", "prompt")
        return _read_file(file, max_characters)
    if not words:
        raise InvalidOptions(
            'Give me a text to finish: inkling complete "Once upon a time", or - to read it from standard input.',
            "prompt",
        )
    if len(words) > 1:
        raise InvalidOptions(f'Put the prompt in quotes: inkling complete "{shorten(" ".join(words))}".', "prompt")
    return _read_word(words[0], max_characters)


def _read_word(word: str, max_characters: int) -> str:
    if word == "-":
        if sys.stdin is None:
            raise InvalidOptions("There is no standard input to read a prompt from.", "prompt")
        return _read(sys.stdin.buffer, "standard input", max_characters)
    if word.startswith("@@"):
        word = word[1:]
    elif word.startswith("@"):
        return _read_file(Path(word[1:]), max_characters)
    for position, character in enumerate(word):
        if "\udc80" <= character <= "\udcff":
            byte = ord(character) - 0xDC00
            raise _not_utf8("The prompt", byte, position)
    return word


def _read_file(path: Path, max_characters: int) -> str:
    shown = shorten(str(path), 200)
    try:
        with path.expanduser().open("rb") as file:
            return _read(file, shown, max_characters)
    except FileNotFoundError:
        raise InvalidOptions(f"There is no file {shown}.", "prompt") from None
    except IsADirectoryError:
        raise InvalidOptions(f"{shown} is a folder; name a file in it.", "prompt") from None
    except (OSError, ValueError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise InvalidOptions(f"I can't read {shown} ({reason.lower()}).", "prompt") from error


def _read(source: BinaryIO, name: str, max_characters: int) -> str:
    """At most so much is read: what comes may have no end."""
    limit = max_characters * MAX_UTF8_BYTES
    data = source.read(limit + 1)
    if len(data) > limit:
        raise InvalidOptions(
            f"The text in {name} is longer than {max_characters:,} characters, the limit here.", "prompt"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(f"The text in {name}", data[error.start], error.start) from None
    return text.removesuffix("\n").removesuffix("\r")


def _not_utf8(what: str, byte: int, position: int) -> InvalidOptions:
    return InvalidOptions(f"{what} is not UTF-8: byte 0x{byte:02X} at position {position + 1:,}.", "prompt")
