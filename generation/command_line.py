"""The flags of `python -m generation`. Light: a wrong flag is told at once."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import platformdirs

from config.errors import InvalidSettings
from config.precision import PRECISIONS, Precision
from config.small_file import read_small_file
from generation.catalogue import DEFAULT_MODEL, MODEL_NAMES, OTHER_MODELS

ENGINE_COMMAND = (sys.executable, "-P", "-m", "generation")
"""Starts the engine, before its flags. -P: no `config.py` of the folder it is started in may stand in for ours."""
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8077


@dataclass(frozen=True, slots=True)
class Flags:
    model: str
    host: str
    port: int
    socket: Path | None
    max_running: int
    max_waiting: int
    threads: int | None
    precision: Precision
    cache_mb: int
    cache_dir: Path
    exit_with_parent: bool
    api_key_file: Path | None

    def read_api_key(self) -> str | None:
        """From its file, one line. Raises InvalidSettings."""
        if self.api_key_file is None:
            return None
        try:
            key = read_small_file(self.api_key_file).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(f"--api-key-file: I can't read {self.api_key_file}.") from error
        if not key or len(key.split()) != 1:
            raise InvalidSettings("--api-key-file: the file must hold one key and nothing else.")
        return key


def parse_flags(arguments: Sequence[str]) -> Flags:
    """Raises InvalidSettings; `--help` prints and exits."""
    parser = _Parser(
        prog="inkling serve",
        allow_abbrev=False,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_model_flags(parser)
    _add_address_flags(parser)
    given = parser.parse_args(arguments)
    if given.socket is not None and (given.host is not None or given.port is not None):
        raise InvalidSettings("--socket stands alone: leave out --host and --port, or --socket.")
    given.host = DEFAULT_HOST if given.host is None else given.host
    given.port = DEFAULT_PORT if given.port is None else given.port
    return Flags(**vars(given))


_DESCRIPTION = "One model behind the OpenAI completions API (/v1/completions, /v1/models, /health, /metrics)."
_EXAMPLES = """examples:
  inkling serve                                  the model of the settings, at http://127.0.0.1:8077/v1
  inkling serve --model gpt2 --port 8000
  inkling serve --host 0.0.0.0 --api-key-file key.txt"""


def _add_model_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help=f"one of {', '.join(MODEL_NAMES)}; the settings' when left out. {OTHER_MODELS}",
    )
    parser.add_argument("--max-running", type=_whole(1, 256), default=16, help="samples written together (16)")
    parser.add_argument("--max-waiting", type=_whole(0, 10_000), default=64, help="samples that may wait (64)")
    parser.add_argument("--threads", type=_whole(1, 512), help="CPU threads (all cores it may use)")
    parser.add_argument(
        "--precision",
        type=_read_precision,
        metavar="|".join(PRECISIONS),
        default="auto",
        help="how the weights are kept; auto takes the fastest that writes as well (auto)",
    )
    parser.add_argument(
        "--cache-mb", type=_whole(16, 262_144), default=256, help="MiB for the keys and values of what is written (256)"
    )
    parser.add_argument(
        "--cache-dir",
        type=Path,
        default=Path(platformdirs.user_cache_dir("inkling")),
        help="where downloaded and converted models are kept",
    )


def _add_address_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help=f"address to listen on ({DEFAULT_HOST})")
    parser.add_argument(
        "--port", type=_whole(0, 65_535), help=f"port to listen on; 0 takes a free one ({DEFAULT_PORT})"
    )
    parser.add_argument("--socket", type=Path, help="listen at this Unix socket instead")
    parser.add_argument("--api-key-file", type=Path, help="file with the key that clients must send as bearer token")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when the process that started this ends")


def _read_precision(text: str) -> Precision:
    for precision in PRECISIONS:
        if text == precision:
            return precision
    raise argparse.ArgumentTypeError(f"must be one of {', '.join(PRECISIONS)}; you gave {text[:40]}.")


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"must be a whole number between {least} and {most:,}; you gave {text[:40]}.")

    return read


class _Parser(argparse.ArgumentParser):
    """Raises InvalidSettings with one sentence where argparse would print its usage."""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            raise InvalidSettings(self._unknown_sentence(unknown.split()[0]))
        raise InvalidSettings(message.removeprefix("argument ").rstrip(".") + ".")

    def _unknown_sentence(self, flag: str) -> str:
        close = difflib.get_close_matches(flag, self._option_string_actions, n=1)
        return f"I don't know {flag}." + (f" Did you mean {close[0]}?" if close else "")


def complain(sentence: str) -> None:
    """The last line of stderr: what a supervisor shows."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
