from __future__ import annotations

import os
import traceback
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.errors import InvalidSettings
from config.settings import (
    DynamoStoreSettings,
    EchoBackendSettings,
    LocalBackendSettings,
    OpenAIBackendSettings,
    Settings,
    SqliteStoreSettings,
    find_settings_file,
    load_settings,
)
from tests.fakes.settings_files import SettingsFolder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as current folder and as home, with no settings anywhere."""
    for name in [name for name in os.environ if name.startswith(("INKLING_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> SettingsFolder:
    return SettingsFolder(tmp_path)


def test_nothing_set_is_a_local_model(home: Path) -> None:
    settings = load_settings(environ={})
    assert settings == Settings()
    assert settings.backends == {"local": LocalBackendSettings()}
    assert settings.web.host == "127.0.0.1"
    assert settings.data_dir.is_absolute()
    assert settings.data_dir.is_relative_to(home)


def test_every_kind_of_backend_is_read(folder: SettingsFolder) -> None:
    settings = folder.load(
        """
        default_backend = "big"
        data_dir = "~/ink"
        [backends.local]
        model = "gpt2"
        [backends.big]
        kind = "openai"
        base_url = "http://10.0.0.2:8000/v1"
        api_key = "s3cret"
        [backends.toy]
        kind = "echo"
        """
    )
    assert settings.backends["local"] == LocalBackendSettings(model="gpt2")
    assert settings.backends["toy"] == EchoBackendSettings(kind="echo")
    big = settings.backends["big"]
    assert isinstance(big, OpenAIBackendSettings)
    assert big.api_key is not None
    assert big.api_key.get_secret_value() == "s3cret"
    assert settings.data_dir == Path.home() / "ink"


@pytest.mark.parametrize("toml", ["", "[store]", '[store]\nkind = "sqlite"'])
def test_a_file_is_the_usual_store(folder: SettingsFolder, toml: str) -> None:
    assert folder.load(toml).store == SqliteStoreSettings()


def test_the_store_can_be_a_table(folder: SettingsFolder) -> None:
    settings = folder.load('[store]\nkind = "dynamodb"\ntable = "ours"', {"INKLING_STORE__REGION": "eu-west-1"})
    assert settings.store == DynamoStoreSettings(kind="dynamodb", table="ours", region="eu-west-1")


def test_environment_goes_over_the_file_field_by_field(folder: SettingsFolder) -> None:
    toml = '[web]\nport = 1\nhost = "::1"\n[backends.big]\nkind = "echo"\n[backends.local]\n'
    settings = folder.load(toml, {"INKLING_WEB__PORT": "2", "INKLING_BACKENDS__NEW__KIND": "echo"})
    assert (settings.web.port, settings.web.host) == (2, "::1")
    assert list(settings.backends) == ["big", "local", "new"]


def test_model_can_be_chosen_with_one_variable(folder: SettingsFolder) -> None:
    settings = folder.load("", {"INKLING_BACKENDS__LOCAL__MODEL": "gpt2"})
    assert settings.backends == {"local": LocalBackendSettings(model="gpt2")}


def test_windows_line_ends_and_byte_order_mark_are_taken(folder: SettingsFolder) -> None:
    assert folder.load(b"\xef\xbb\xbf[web]\r\nport = 9\r\n").web.port == 9


def test_secrets_are_not_shown(folder: SettingsFolder) -> None:
    settings = folder.load('[web]\ntoken = "s3cret"\n')
    assert settings.web.token is not None
    assert settings.web.token.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings().web.port = 3  # type: ignore[misc]


def test_file_is_found_by_variable_then_here_then_at_home(home: Path) -> None:
    assert find_settings_file({}) is None
    at_home = home / ".config" / "inkling" / "inkling.toml"
    at_home.parent.mkdir(parents=True)
    at_home.write_text("[web]\nport = 1\n")
    assert load_settings(environ={}).web.port == 1
    (home / "inkling.toml").write_text("[web]\nport = 2\n")
    assert load_settings(environ={}).web.port == 2
    (home / "named.toml").write_text("[web]\nport = 3\n")
    assert load_settings(environ={"INKLING_CONFIG": "named.toml"}).web.port == 3
    assert load_settings(environ={"INKLING_CONFIG": ""}).web.port == 2
    assert load_settings(Path("inkling.toml"), {"INKLING_CONFIG": "named.toml"}).web.port == 2


def test_folder_of_that_name_is_not_the_file(home: Path) -> None:
    (home / "inkling.toml").mkdir()
    assert find_settings_file({}) is None


def test_own_environment_is_read_when_none_is_given(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_WEB__PORT", "4")
    assert load_settings().web.port == 4


@pytest.mark.parametrize(
    ("toml", "environ"),
    [("[web]\ntoken = ['s3cret']\n", {}), ("", {"INKLING_WEB__TOKEN__X": "s3cret"}), ("", {"INKLING_WEB": "s3cret"})],
)
def test_error_chain_shows_no_secret(folder: SettingsFolder, toml: str, environ: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        folder.load(toml, environ)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
