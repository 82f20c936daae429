"""`inkling config` and the settings file it writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.cli.exits import run
from bots.cli.setting_list import list_settings
from bots.cli.settings_template import render_template
from config.sampling import SamplingOptions
from config.settings import Settings, load_settings, read_sources, validate_settings

SETTING = re.compile(r"^# ([a-z_]+ = .*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_written_file_means_the_defaults(place: Path) -> None:
    assert run(["config", "init"]) == 0
    assert load_settings(place / "inkling.toml", {}) == Settings()


def test_every_line_can_be_uncommented(place: Path) -> None:
    own = render_template().partition("# A server that speaks")[0]
    rest = render_template().partition("[defaults]")[2]
    text = SETTING.sub(r"\1", own + "[defaults]" + rest).replace("# [", "[")
    (place / "all.toml").write_text(text, encoding="utf-8")
    settings = load_settings(place / "all.toml", {})
    assert settings.limits == Settings().limits
    assert settings.web.port == Settings().web.port
    assert settings.defaults.over(SamplingOptions()) == SamplingOptions(seed=1)


def test_backends_can_be_uncommented(place: Path) -> None:
    others = "# A server that speaks" + render_template().partition("# A server that speaks")[2]
    text = SETTING.sub(r"\1", others.partition("# Sampling defaults")[0]).replace("# [", "[")
    (place / "all.toml").write_text(f'default_backend = "echo"\n{text}', encoding="utf-8")
    assert set(load_settings(place / "all.toml", {}).backends) == {"server", "aws", "echo"}


def test_init_never_overwrites(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "inkling.toml").write_text("mine", encoding="utf-8")
    assert run(["config", "init"]) == 2
    assert (place / "inkling.toml").read_text(encoding="utf-8") == "mine"
    assert capsys.readouterr().err == "inkling.toml is there already; I don't overwrite it.\n"


def test_show_names_every_source_and_no_secret(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "inkling.toml").write_text("[limits]\nmax_length = 99\n[defaults]\ntop_k = 5\n", encoding="utf-8")
    monkeypatch.setenv("INKLING_WEB__TOKEN", "abracadabra")
    assert run(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "limits.max_length\t99\tinkling.toml, line 2" in lines
    assert "defaults.top_k\t5\tinkling.toml, line 4" in lines
    assert "web.token\t**********\tINKLING_WEB__TOKEN" in lines
    assert "web.port\t8017\tbuilt in" in lines
    assert "abracadabra" not in "".join(lines)


def test_list_is_complete() -> None:
    sources = read_sources(environ={})
    names = {each.name for each in list_settings(validate_settings(sources), sources)}
    assert {"data_dir", "default_backend", "backends.local.model", "limits.deadline_s", "log.level"} <= names


def test_path(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "path"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("There is no settings file")
    (place / "broken.toml").write_text("[[[", encoding="utf-8")
    monkeypatch.setenv("INKLING_CONFIG", "broken.toml")
    assert run(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{place / 'broken.toml'}\n"


def test_check(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("INKLING_DEFAULT_BACKEND", "echo")
    monkeypatch.setenv("INKLING_BACKENDS__ECHO__KIND", "echo")
    assert run(["config", "check"]) == 0
    assert capsys.readouterr().out == "No settings file; the built-in settings are fine.\n"
    monkeypatch.setenv("INKLING_WEB__HOST", "0.0.0.0")
    assert run(["config", "check"]) == 2
    assert "web.token" in capsys.readouterr().err


def test_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "options"]) == 0
    assert capsys.readouterr().out.startswith("temperature\ttemp\t0 – 2\t0.8\t")
