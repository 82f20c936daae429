"""Reading `/complete` as people type it where there are no forms: options first, then the prompt, verbatim.

`--temperature 0.7`, `--top-p=.9`, `-n 3`, `temperature=0.5`, `seed:7` may lead, in any order; `--` or `prompt:` ends
them. Typographic dashes and quotes count as plain ones there. What follows is the prompt, untouched.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from bots.commands.story import Completion
from bots.commands.text_escapes import read_escapes
from config.errors import InvalidOptions
from config.sampling import ALIASES, OPTION_BY_NAME, SamplingOverrides, parse_overrides

_WORDS = {"preset", "model"}
_SWITCHES = {"private", "cut"}
_KNOWN = {*OPTION_BY_NAME, *ALIASES, *_WORDS, *_SWITCHES, "prompt"}
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}

_VALUE = r"""(?P<value>"(?:\\.|[^"\\])*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|'[^']*'|‘[^’]*’|[^\s"“„«]\S*)"""
_FLAG = re.compile(r"(?:--|[—–]|-(?=[a-zA-Z](?:[\s=]|$)))(?P<name>[a-zA-Z][\w-]*)(?P<equals>=)?")
_PAIR = re.compile(r"(?P<name>[a-zA-Z][\w-]*)(?P<sign>[=:])(?=\S)")
_SPACED_PAIR = re.compile(r"(?P<name>[a-zA-Z][\w-]*):[ \t]+")
_PROMPT = re.compile(r"prompt:[ \t]*", re.IGNORECASE)
_ENDS = re.compile(r"(?:--|[—–])(?:\s|$)")


@dataclass(frozen=True, slots=True)
class TypedCompletion:
    """What a typed /complete asks for."""

    completion: Completion
    private: bool = False


def parse_completion(text: str) -> TypedCompletion:
    """Read options and prompt. Raises InvalidOptions that quotes the wrong piece and names the range."""
    reader = _Reader(text)
    given = reader.read_options()
    words = {name: given.pop(name) for name in (*_WORDS, *_SWITCHES) if name in given}
    completion = Completion(
        reader.rest,
        parse_overrides(given),
        _word(words.get("preset")),
        _word(words.get("model")),
        _switch("cut", words.get("cut"), True),
    )
    return TypedCompletion(completion, _switch("private", words.get("private"), False))


def parse_options(text: str) -> SamplingOverrides:
    """Read options alone, as a preset has them; InvalidOptions quotes what isn't one."""
    given = parse_completion(text).completion
    if rest := given.prompt.strip():
        raise InvalidOptions(f'"{rest[:40]}" is not an option; write name=value.')
    return given.overrides


class _Reader:
    """Takes leading options off a text."""

    def __init__(self, text: str) -> None:
        self.rest = text.lstrip()
        self._has_prompt_sign = _PROMPT.search(text) is not None

    def read_options(self) -> dict[str, object]:
        given: dict[str, object] = {}
        while (pair := self._next()) is not None:
            name, value = pair
            if name == "stop":
                stops = given.setdefault("stop", [])
                assert isinstance(stops, list)
                stops.append(value)
            elif name in given:
                raise InvalidOptions(f"{name} is given twice.", name)
            else:
                given[name] = value
        return given

    def _next(self) -> tuple[str, str] | None:
        """The next option and its value; None when the prompt has begun."""
        if ends := _PROMPT.match(self.rest) or _ENDS.match(self.rest):
            self.rest = self.rest[ends.end() :]
            return None
        if flag := _FLAG.match(self.rest):
            return self._take_flag(flag)
        pair = _PAIR.match(self.rest)
        if pair and _is_option(pair["name"], pair["sign"]):
            self._advance(pair)
            return _name(pair["name"]), self._take_value(pair["name"])
        spaced = _SPACED_PAIR.match(self.rest)
        if spaced and self._has_prompt_sign and _plain(spaced["name"]) in _KNOWN:
            self._advance(spaced)
            return _name(spaced["name"]), self._take_value(spaced["name"])
        return None

    def _take_flag(self, flag: re.Match[str]) -> tuple[str, str]:
        written = flag[0].rstrip("=")
        negated = _plain(flag["name"]).removeprefix("no_")
        if negated != _plain(flag["name"]) and negated in _SWITCHES:
            self._advance(flag)
            return negated, "false"
        name = _name(flag["name"], written)
        self._advance(flag)
        if name in _SWITCHES and not flag["equals"]:
            return name, "true"
        return name, self._take_value(written)

    def _take_value(self, written: str) -> str:
        value = re.compile(_VALUE).match(self.rest.lstrip(" \t") if self.rest[:1] in " \t" else self.rest)
        if value is None:
            raise InvalidOptions(f"{written} needs a value after it.", _plain(written))
        self.rest = self.rest.lstrip(" \t")[value.end() :].lstrip()
        return _unquoted(value["value"])

    def _advance(self, match: re.Match[str]) -> None:
        self.rest = self.rest[match.end() :]


def _plain(name: str) -> str:
    return name.strip("-—–").lower().replace("-", "_")


def _is_option(name: str, sign: str) -> bool:
    """Whether `name=` or `name:` before the prompt is an option; one close to a known name is a typing slip."""
    plain = _plain(name)
    if plain in _KNOWN:
        return True
    close = difflib.get_close_matches(plain, _KNOWN, n=1, cutoff=0.8)
    if sign == "=" and close:
        raise InvalidOptions(f'I don\'t know "{name[:40]}". Did you mean {close[0]}?', name)
    return False


def _name(name: str, written: str | None = None) -> str:
    plain = _plain(name)
    plain = ALIASES.get(plain, plain)
    if plain in _KNOWN:
        return plain
    close = difflib.get_close_matches(plain, _KNOWN, n=1)
    hint = f"Did you mean --{close[0]}?" if close else f"The options are {', '.join(OPTION_BY_NAME)}."
    raise InvalidOptions(f'I don\'t know "{(written or name)[:40]}". {hint}', name)


def _unquoted(value: str) -> str:
    """The value without its quotes, with its escapes read."""
    inner = value[1:-1] if len(value) > 1 and value[0] in "\"'“„«‘" else value
    return read_escapes(inner)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _switch(name: str, value: object, default: bool) -> bool:
    if value is None:
        return default
    plain = str(value).lower()
    if plain in _TRUE | _FALSE:
        return plain in _TRUE
    raise InvalidOptions(f'{name} is true or false; you gave "{str(value)[:40]}".', name)
