"""The settings file: a TOML document, and the line on which it sets something."""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.environment import holds
from config.errors import InvalidSettings
from config.small_file import read_small_file
from config.text import shorten


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A file that was read. `values` are its tables; `text` is kept to find lines in."""

    path: Path
    text: str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        return shorten(self.path.name, 80)

    def line_of(self, location: Sequence[str]) -> int | None:
        """The 1-based line that first sets `location`, or the table nearest around it; None for nothing of the sort."""
        known = next((location[:n] for n in range(len(location), 0, -1) if holds(self.values, location[:n])), ())
        if not known:
            return None
        lines = self.text.split("\n")
        return bisect_left(range(1, len(lines)), True, key=lambda count: _sets_early(lines, count, known)) + 1


def _sets_early(lines: list[str], count: int, location: Sequence[str]) -> bool:
    """Whether the first `count` lines, and those that end the value they break off in, set `location`.

    The TOML parser itself is asked, so quoted keys, dotted keys and multi-line strings need no rules here.
    """
    for end in range(count, len(lines) + 1):
        try:
            return holds(tomllib.loads("\n".join(lines[:end])), location)
        except tomllib.TOMLDecodeError:
            continue
    return True


def read_settings_file(path: Path, named_by: str = "") -> SettingsFile:
    """Read and parse `path`, which the variable `named_by` named if that is given. Raises InvalidSettings."""
    shown = shorten(str(path), 200)
    subject = f"{named_by} names {shown}, but" if named_by else f"{shown}:"
    try:
        text = read_small_file(path, "utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidSettings(f"{subject} there is no such file.") from error
    except IsADirectoryError as error:
        raise InvalidSettings(f"{subject} that is a folder; name the file in it.") from error
    except UnicodeDecodeError:
        raise InvalidSettings(f"{subject} it is not UTF-8 text.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        raise InvalidSettings(f"{subject} I can't read it ({reason.lower()}).") from error
    return SettingsFile(path, text, _parse(path, text))


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        # Beside TOML's own errors, digits without end raise a plain ValueError.
        what = shorten(str(error), 160) if isinstance(error, tomllib.TOMLDecodeError) else "too deep or too large"
        raise InvalidSettings(f"{shorten(path.name, 80)} is not valid TOML: {what.rstrip('.')}.") from None
