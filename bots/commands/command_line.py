"""Reading `/complete` as people type it where there are no forms: options, and the prompt verbatim.

`--temperature 0.7`, `--top-p=.9`, `-n 3`, `temperature=0.5`, `seed:7` may lead, in any order; `--` or `prompt:` ends
them. Typographic quotes count as plain ones there, and so do typographic dashes before an option's name and, after an
option, at the end. What follows is the prompt, untouched: a list's `- item`, a dialogue's `— Hello`, `x=5` and
`https://…` are no options. Only flags with the name of an option, `--samples 2`, may also stand behind the prompt,
unless `--` or `prompt:` begins it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from bots.commands.story import Completion
from bots.commands.text_escapes import read_escapes
from config.errors import InvalidOptions
from config.sampling import ALIASES, OPTION_BY_NAME, SamplingOverrides, parse_overrides
from config.text import shorten

_WORDS = {"preset", "model"}
_SWITCHES = {"private", "cut"}
_KNOWN = {*OPTION_BY_NAME, *ALIASES, *_WORDS, *_SWITCHES}
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}

_VALUE = re.compile(r"""(?s:"(?:\\.|[^"\\])*")|“[^”]*”|„[^“”]*[“”]|«[^»]*»|'[^']*'|‘[^’]*’|[^\s"“„«]\S*""")
_FLAG = re.compile(r"(?P<dashes>--|[—–]|-(?=n(?:[\s=]|$)))(?P<name>[a-zA-Z][\w-]{0,40})(?P<equals>[=:])?")
_PAIR = re.compile(r"(?P<name>[a-zA-Z][\w-]{0,40})[=:](?=\S)")
_SPACED_PAIR = re.compile(r"(?P<name>[a-zA-Z][\w-]{0,40}):[ \t]+")
_PROMPT = re.compile(r"(?:(?:--)?prompt[:=]|--prompt(?=\s))[ \t]*", re.IGNORECASE)
_PROMPT_SIGN = re.compile(r"prompt:", re.IGNORECASE)
_ENDS = re.compile(r"--(?:\s|$)")
_ENDS_AFTER_OPTIONS = re.compile(r"(?:--|[—–])(?:\s|$)")
_SPACE = re.compile(r"\s*")
_BLANKS = re.compile(r"[ \t]*")
_QUOTES = "\"'“„«‘"
_FLAG_BEHIND = re.compile(
    rf"(?<=\s)--(?:(?P<switch>(?:no[-_])?(?:{'|'.join(_SWITCHES)})(?:[=:]\S+)?)"
    rf"|(?P<name>[a-zA-Z][\w-]{{0,40}})(?:[=:][ \t]*|[ \t]+)(?:{_VALUE.pattern}))(?:\s+|$)",
    re.IGNORECASE,
)
_BEHIND_CHARACTERS = 1000
"""How far from the end options are looked for, so that a long prompt costs no time."""


@dataclass(frozen=True, slots=True)
class TypedCompletion:
    """What a typed /complete asks for."""

    completion: Completion
    private: bool = False
    is_prompt_named: bool = False
    """Whether `--` or `prompt:` said where the prompt begins."""


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
    return TypedCompletion(completion, _switch("private", words.get("private"), False), reader.is_prompt_named)


def parse_options(text: str) -> SamplingOverrides:
    """Read options alone, as a preset has them; InvalidOptions quotes what isn't one."""
    reader = _Reader(text)
    given = reader.read_options()
    if rest := reader.rest.strip():
        raise InvalidOptions(f'"{shorten(rest)}" is not an option; write name=value.')
    return parse_overrides(given)


class _Reader:
    """Takes leading options off a text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._skip(_SPACE)
        self._has_prompt_sign = _PROMPT_SIGN.search(text) is not None
        self.is_prompt_named = False
        self.rest = ""

    def read_options(self) -> dict[str, object]:
        """The options; afterwards `rest` is what is between those before it and those behind it."""
        given: dict[str, object] = {}
        self._read_into(given)
        begin, end = self._at, self._end_of_prompt()
        self.rest = self._text[begin:end]
        if end < len(self._text):
            self.rest = self.rest.rstrip()
            self._at = end
            self._read_into(given)
        return given

    def _end_of_prompt(self) -> int:
        """Where the options behind it begin, or the text's end."""
        begin = end = 0
        start = max(self._at, len(self._text) - _BEHIND_CHARACTERS)
        for flag in () if self.is_prompt_named else _FLAG_BEHIND.finditer(self._text, start):
            if _stands_behind(flag):
                begin = begin if flag.start() == end else flag.start()
                end = flag.end()
        return begin if end == len(self._text) else len(self._text)

    def _read_into(self, given: dict[str, object]) -> None:
        while (pair := self._next(bool(given))) is not None:
            name, value = pair
            if name == "stop":
                stops = given.setdefault("stop", [])
                assert isinstance(stops, list)
                stops.append(read_escapes(value))
            elif name in given:
                raise InvalidOptions(f"{name} is given twice.", name)
            else:
                given[name] = value

    def _next(self, after_options: bool) -> tuple[str, str] | None:
        """The next option and its value; None when the prompt has begun."""
        ends = _ENDS_AFTER_OPTIONS if after_options else _ENDS
        if self._skip(_PROMPT) or self._skip(ends):
            self.is_prompt_named = True
            return None
        if (flag := _FLAG.match(self._text, self._at)) and _is_flag(flag["dashes"], flag["name"]):
            return self._take_flag(flag)
        if (pair := _PAIR.match(self._text, self._at)) and _is_option(pair["name"], pair[0][-1]):
            return self._take_pair(pair)
        spaced = _SPACED_PAIR.match(self._text, self._at)
        if spaced and self._has_prompt_sign and _plain(spaced["name"]) in _KNOWN:
            return self._take_pair(spaced)
        return None

    def _take_flag(self, flag: re.Match[str]) -> tuple[str, str]:
        written = flag[0].rstrip("=:")
        self._at = flag.end()
        plain = _plain(flag["name"])
        negated = plain.removeprefix("no_")
        if negated != plain and negated in _SWITCHES:
            self._skip(_SPACE)
            return negated, "false"
        name = _name(flag["name"], written)
        if name in _SWITCHES and not flag["equals"]:
            self._skip(_SPACE)
            return name, "true"
        return name, self._take_value(written)

    def _take_pair(self, pair: re.Match[str]) -> tuple[str, str]:
        self._at = pair.end()
        return _name(pair["name"]), self._take_value(pair["name"])

    def _take_value(self, written: str) -> str:
        self._skip(_BLANKS)
        value = _VALUE.match(self._text, self._at)
        if value is None:
            raise InvalidOptions(self._no_value(written), _plain(written))
        self._at = value.end()
        self._skip(_SPACE)
        return _unquoted(value[0])

    def _no_value(self, written: str) -> str:
        piece = shorten(self._text[self._at : self._at + 41])
        opened = self._text[self._at : self._at + 1] in tuple(_QUOTES)
        return f"The quote of {written} that begins with {piece} has no end." if opened else f"{written} needs a value."

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Go past the pattern when it is next."""
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found is not None


def _plain(name: str) -> str:
    return name.strip("-—–").lower().replace("-", "_")


def _is_flag(dashes: str, name: str) -> bool:
    """A typographic dash begins an option only before a known name in small letters; else it is the prompt's own."""
    return dashes in ("--", "-") or (name.islower() and _plain(name) in _KNOWN)


def _stands_behind(flag: re.Match[str]) -> bool:
    """Whether `--name value` behind the prompt is an option, or a slip for one: other flags are the prompt's own."""
    plain = "" if flag["switch"] else _plain(flag["name"])
    return not plain or plain in _KNOWN or bool(difflib.get_close_matches(plain, _KNOWN, n=1, cutoff=0.8))


def _is_option(name: str, sign: str) -> bool:
    """Whether `name=` or `name:` before the prompt is an option; one close to a known name is a typing slip."""
    plain = _plain(name)
    if plain in _KNOWN:
        return True
    close = difflib.get_close_matches(plain, _KNOWN, n=1, cutoff=0.8)
    if sign == "=" and close:
        raise InvalidOptions(f'I don\'t know "{name}". Did you mean {close[0]}?', name)
    return False


def _name(name: str, written: str | None = None) -> str:
    plain = _plain(name)
    plain = ALIASES.get(plain, plain)
    if plain in _KNOWN:
        return plain
    close = difflib.get_close_matches(plain, _KNOWN, n=1)
    hint = f"Did you mean --{close[0].replace('_', '-')}?" if close else f"The options are {', '.join(OPTION_BY_NAME)}."
    raise InvalidOptions(f'I don\'t know "{written or name}". {hint}', name)


def _unquoted(value: str) -> str:
    """The value without its quotes."""
    if len(value) < 2 or value[0] not in _QUOTES:
        return value
    return value[1:-1]


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _switch(name: str, value: object, default: bool) -> bool:
    if value is None:
        return default
    plain = str(value).lower()
    if plain in _TRUE | _FALSE:
        return plain in _TRUE
    raise InvalidOptions(f'{name} is true or false; you gave "{shorten(str(value))}".', name)
