from __future__ import annotations

from pathlib import Path

from cogapp import Cog

from config.sampling import ALIASES, OPTIONS
from config.setting_fields import list_fields
from config.settings import Settings
from config.tables import render_options, render_settings

README = Path(__file__).parents[2] / "README.md"


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


def test_every_option_and_alias_is_named() -> None:
    table = rows(render_options())
    assert [row[0] for row in table[2:]] == [f"`{option.name}`" for option in OPTIONS]
    for alias, name in ALIASES.items():
        (row,) = (row for row in table if row[0] == f"`{name}`")
        assert f"`{alias}`" in row[1]


def test_every_setting_is_named_with_its_variable() -> None:
    table = rows(render_settings())
    keys = {row[0].split("`")[1] for row in table[2:]}
    for field in list_fields(Settings):
        key = "defaults.<option>" if field.path[0] == "defaults" else ".".join(field.path)
        assert field.shape == "table" or key in keys
    by_key = {row[0]: row for row in table}
    assert by_key["`web.port`"][1:4] == ["`INKLING_WEB__PORT`", "whole number, 0 – 65535", "8017"]
    assert by_key["`web.token`"][2:4] == ["secret", "none"]
    assert by_key["`backends.<name>.base_url` (openai)"][1] == "`INKLING_BACKENDS__<name>__BASE_URL`"


def test_tables_are_whole() -> None:
    for table in (render_options(), render_settings()):
        assert {len(row) for row in rows(table)} == {5}
        assert all(row[4] for row in rows(table))


def test_nothing_of_this_machine_is_in_the_tables() -> None:
    assert str(Path.home()) not in render_settings()


def test_readme_is_up_to_date() -> None:
    assert Cog().main(["cog", "--check", "-I", str(README.parent), str(README)]) == 0, "run: make docs"
