from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import holds
from config.errors import InvalidSettings
from config.settings import load_settings
from config.settings_file import SettingsFile, read_settings_file
from tests.fakes.sentences import refusal_of
from tests.fakes.settings_files import SettingsFolder

ODD = '''# limits.max_length = 0
title = "[web] # not a table"
text = """
[limits]
max_length = 1
"""
literal = \'\'\'
[limits]\'\'\'
a.b . "c.d" = 1
"quoted ] key" = 2
hosts = [
  "a", # ]
  "b",
]
inline = { port = 3, deep = { x = 4 } }

[ limits ] # spaced
max_length = 5

[[jobs]]
name = "first"
[[jobs]]
name = "second"
[web.'x y']
z = 6
'''
LINE_PIECES = st.sampled_from(
    [
        "a = 1",
        "[t]",
        "[t.u]",
        "b = [",
        "1,",
        "]",
        'c = """',
        '"""',
        "[[l]]",
        "d.e = {x = 1}",
        '"q.r" = 2',
        "",
        "# [t]",
        "f = '[",
    ]
)


def odd_file() -> SettingsFile:
    return SettingsFile(Path("odd.toml"), ODD, tomllib.loads(ODD))


@pytest.mark.parametrize(
    ("location", "line"),
    [
        (("title",), 2),
        (("text",), 3),
        (("literal",), 7),
        (("a", "b", "c.d"), 9),
        (("quoted ] key",), 10),
        (("hosts",), 11),
        (("hosts", "1"), 11),
        (("inline", "deep", "x"), 15),
        (("limits",), 17),
        (("limits", "max_length"), 18),
        (("limits", "missing"), 17),
        (("jobs", "1", "name"), 23),
        (("web",), 24),
        (("web", "x y", "z"), 25),
        (("nowhere",), None),
        ((), None),
    ],
    ids=str,
)
def test_line_is_found_in_odd_toml(location: tuple[str, ...], line: int | None) -> None:
    assert odd_file().line_of(location) == line


@given(st.lists(LINE_PIECES, max_size=12))
def test_line_is_the_first_that_sets_it(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    file = SettingsFile(Path("x.toml"), text, values)
    for key in values:
        line = file.line_of((key,))
        assert line is not None
        before = "\n".join(lines[: line - 1])
        assert not holds(tomllib.loads(before), (key,))
        assert key in lines[line - 1]


def test_unusable_files_say_why(tmp_path: Path) -> None:
    file = tmp_path / "inkling.toml"
    file.write_bytes(b"\xff\xfe")
    cases = {
        tmp_path: f"{tmp_path}: that is a folder; name the file in it.",
        tmp_path / "none.toml": f"{tmp_path}/none.toml: there is no such file.",
        file: f"{file}: it is not UTF-8 text.",
        file / "below": f"{file}/below: I can't read it (not a directory).",
        Path("/dev/zero"): "/dev/zero: I can't read it (file too large).",
        Path("a\0b"): r"a\x00b: I can't read it (not a path).",
    }
    assert {path: refusal_of(lambda path=path: read_settings_file(path)) for path in cases} == cases  # type: ignore[misc]


def test_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "inkling.toml"
    file.write_text("")
    file.chmod(0)
    try:
        file.read_text()
    except PermissionError:
        assert refusal_of(lambda: read_settings_file(file)) == f"{file}: I can't read it (permission denied)."
    else:
        pytest.skip("this user may read everything")


@pytest.mark.parametrize(
    ("name", "ending"),
    [("", "but that is a folder; name the file in it."), ("none.toml", "but there is no such file.")],
)
def test_variable_that_named_it_is_told(tmp_path: Path, name: str, ending: str) -> None:
    path = tmp_path / name
    sentence = refusal_of(lambda: load_settings(environ={"INKLING_CONFIG": str(path)}))
    assert sentence == f"INKLING_CONFIG names {path}, {ending}"


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        (
            "[web",
            "inkling.toml is not valid TOML: Expected ']' at the end of a table declaration (at end of document).",
        ),
        ("a = s3cret", "inkling.toml is not valid TOML: Invalid value (at line 1, column 5)."),
        ("a = " + "[" * 5000, "inkling.toml is not valid TOML: too deep or too large."),
        ("a = " + "9" * 5000, "inkling.toml is not valid TOML: too deep or too large."),
    ],
    ids=["table", "value", "deep", "digits"],
)
def test_broken_toml_says_where(tmp_path: Path, toml: str, sentence: str) -> None:
    assert SettingsFolder(tmp_path).refusal(toml) == sentence


def test_whatever_is_in_the_file_is_read_or_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = SettingsFolder(tmp_path)

    @given(st.one_of(st.binary(max_size=40), st.lists(LINE_PIECES).map("\n".join)))
    def check(content: bytes | str) -> None:
        refusal_of(lambda: folder.load(content))

    check()


def test_line_is_found_fast_in_a_long_file(tmp_path: Path) -> None:
    toml = "\n".join(f"[backends.b{number}]\nkind = 'echo'\n" for number in range(400)) + "[limits]\nmax_length = 0\n"
    with pytest.raises(InvalidSettings, match=r"\(line 1201\)"):
        SettingsFolder(tmp_path).load(toml)
