from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.environment import read_environment
from config.errors import InvalidSettings
from config.setting_fields import list_fields
from config.settings import Settings
from tests.fakes.sentences import refusal_of
from tests.fakes.settings_files import SettingsFolder

FIELDS = list_fields(Settings)
WORDS = st.text("abc_", min_size=1, max_size=6)
NAMES = st.lists(st.sampled_from(["WEB", "PORT", "BACKENDS", "X", "TOKEN", "", "A_FILE"]), min_size=1, max_size=4)


@pytest.fixture
def folder(tmp_path: Path) -> SettingsFolder:
    return SettingsFolder(tmp_path)


def values(**environ: str) -> object:
    return read_environment({f"INKLING_{name}": value for name, value in environ.items()}, FIELDS).values


def test_names_nest_and_others_are_left_alone() -> None:
    environ = {
        "INKLING_WEB__PORT": "1",
        "INKLING_WEB__HOST": "h",
        "PATH": "/bin",
        "INKLING_CONFIG": "x",
        "inkling_log": "x",
    }
    environment = read_environment(environ, FIELDS)
    assert environment.values == {"web": {"port": "1", "host": "h"}}
    assert environment.variables == {("web", "port"): "INKLING_WEB__PORT", ("web", "host"): "INKLING_WEB__HOST"}


def test_empty_variable_is_not_set() -> None:
    assert values(WEB__TOKEN="", WEB__PORT="", LOG="") == {}


def test_table_may_be_given_in_json_and_single_values_win() -> None:
    assert values(WEB='{"port": 1, "host": "h"}', WEB__PORT="2") == {"web": {"port": "2", "host": "h"}}


def test_text_that_looks_like_json_stays_text() -> None:
    assert values(WEB__TOKEN='{"a"', WEB__HOST="[::1]") == {"web": {"token": '{"a"', "host": "[::1]"}}


@pytest.mark.parametrize("text", ["a,b", " a , b ,", '["a", "b"]'])
def test_list_takes_commas_and_json(folder: SettingsFolder, text: str) -> None:
    assert folder.load("", {"INKLING_WEB__ALLOWED_HOSTS": text}).web.allowed_hosts == ("a", "b")


def test_stop_strings_keep_their_commas(folder: SettingsFolder) -> None:
    assert folder.load("", {"INKLING_DEFAULTS__STOP": ", "}).defaults.stop == (", ",)
    assert folder.load("", {"INKLING_DEFAULTS__STOP": '["a", "\\n"]'}).defaults.stop == ("a", "\n")


@given(st.dictionaries(NAMES.map("__".join).map("INKLING_{}".format), st.text(max_size=8), max_size=5))
def test_any_environment_is_read_or_refused_in_a_sentence(environ: dict[str, str]) -> None:
    refusal_of(lambda: read_environment(environ, FIELDS))


@given(st.dictionaries(WORDS, st.integers() | WORDS, max_size=4))
def test_json_table_is_the_table(table: dict[str, object]) -> None:
    assert values(WEB=json.dumps(table)) == {"web": table}


def test_value_is_read_from_a_file(folder: SettingsFolder, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    settings = folder.load("", {"INKLING_WEB__TOKEN_FILE": str(secret), "INKLING_WEB__TOKEN": ""})
    assert settings.web.token is not None
    assert settings.web.token.get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "INKLING_WEB__TOKEN_FILE names a file I can't read (no such file or directory)."),
        (b"", "INKLING_WEB__TOKEN_FILE names an empty file; write the value into it."),
        (b" \n", "INKLING_WEB__TOKEN_FILE names an empty file; write the value into it."),
        (b"\xff\xfes3cret", "INKLING_WEB__TOKEN_FILE names a file that is not UTF-8 text."),
    ],
)
def test_unusable_file_says_why(folder: SettingsFolder, tmp_path: Path, content: bytes | None, sentence: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    assert folder.refusal("", WEB__TOKEN_FILE=str(path)) == sentence


def test_folder_and_odd_paths_are_refused(folder: SettingsFolder, tmp_path: Path) -> None:
    assert folder.refusal("", WEB__TOKEN_FILE=str(tmp_path)) == (
        "INKLING_WEB__TOKEN_FILE names a folder; name the file with the value in it."
    )
    assert folder.refusal("", WEB__TOKEN_FILE="a\0b") == (
        "INKLING_WEB__TOKEN_FILE names a file I can't read (its name is not a path)."
    )
    assert "file name too long" in folder.refusal("", WEB__TOKEN_FILE="a" * 5000)
    assert folder.refusal("", WEB__TOKEN_FILE="/dev/zero") == (
        "INKLING_WEB__TOKEN_FILE names a file I can't read (file too large)."
    )


def test_value_and_file_together_are_refused(folder: SettingsFolder) -> None:
    assert folder.refusal("", WEB__TOKEN_FILE="/nowhere", WEB__TOKEN="s3cret") == (
        "INKLING_WEB__TOKEN and INKLING_WEB__TOKEN_FILE are both set; keep one of them."
    )


def test_file_of_an_unknown_setting_is_not_opened(folder: SettingsFolder) -> None:
    assert folder.refusal("", WEB__TOKN_FILE="/nowhere").startswith("There is no setting INKLING_WEB__TOKN_FILE.")


@pytest.mark.parametrize("text", ["{", "nonsense s3cret", '{"token": "s3cret"', "[" * 100_000])
def test_broken_json_names_the_variable_and_shows_nothing_of_it(folder: SettingsFolder, text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        folder.load("", {"INKLING_WEB": text})
    assert caught.value.sentence.startswith("INKLING_WEB is not valid JSON")
    assert caught.value.sentence.endswith("; mend it, or set its fields one by one, as INKLING_WEB__….")
    assert "s3cret" not in caught.value.sentence
    assert caught.value.__suppress_context__


def test_broken_json_list_says_where(folder: SettingsFolder) -> None:
    assert folder.refusal("", WEB__ALLOWED_HOSTS='["a"') == (
        "INKLING_WEB__ALLOWED_HOSTS is not valid JSON at character 5; mend it, or write a,b."
    )
