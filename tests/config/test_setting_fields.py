from __future__ import annotations

from config.setting_fields import ANY_NAME, list_fields
from config.settings import Settings

FIELDS = list_fields(Settings)


def test_tables_come_before_what_they_hold() -> None:
    paths = [field.path for field in FIELDS]
    assert paths.index(("web",)) < paths.index(("web", "port"))
    assert {path[0] for path in paths} == set(Settings.model_fields)


def test_shapes_are_told_apart() -> None:
    shapes = {field.path: field.shape for field in FIELDS}
    assert shapes[("backends",)] == shapes[("backends", ANY_NAME)] == shapes[("defaults",)] == "table"
    assert shapes[("web", "allowed_hosts")] == shapes[("defaults", "stop")] == "list"
    assert shapes[("web", "port")] == shapes[("web", "token")] == shapes[("data_dir",)] == "value"


def test_each_backend_kind_has_its_own_fields() -> None:
    kinds = {field.kind for field in FIELDS if field.path == ("backends", ANY_NAME, "model")}
    assert kinds == {"local", "openai"}
    assert {field.kind for field in FIELDS if field.path[0] == "store"} == {"", "sqlite", "dynamodb"}
    assert all(field.kind == "" for field in FIELDS if field.path[0] not in ("backends", "store"))


def test_any_name_matches_a_name() -> None:
    (field,) = (field for field in FIELDS if field.path == ("backends", ANY_NAME, "base_url"))
    assert field.matches(("backends", "big", "base_url"))
    assert not field.matches(("backends", "big"))
    assert not field.matches(("backends", "big", "base_url", "x"))


def test_every_setting_is_described() -> None:
    assert [field.path for field in FIELDS if field.path[0] != "defaults" and not field.info.description] == []
    assert all(field.info.description.endswith(".") for field in FIELDS if field.info.description)
