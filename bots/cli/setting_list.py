"""The settings in force, each with the place that set it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.environment import holds
from config.settings import Settings, SettingsSources

BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class EffectiveSetting:
    """`value` as people write it; a secret's is hidden. `source` is a variable, a line of the file, or built in."""

    name: str
    value: str
    source: str


def list_settings(settings: Settings, sources: SettingsSources) -> tuple[EffectiveSetting, ...]:
    """Every setting in force, in the order of the settings file; sampling defaults only where one is set."""
    return tuple(
        EffectiveSetting(".".join(path), _shown(value), _source(path, sources))
        for path, value in _leaves((), settings.model_dump(mode="json"))
        if path[0] != "defaults" or value is not None
    )


def _leaves(above: tuple[str, ...], tree: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves((*above, key), value)
        else:
            yield (*above, key), value


def _source(path: tuple[str, ...], sources: SettingsSources) -> str:
    if sources.environment.holds(path):
        return sources.environment.name_of(path)
    if sources.file is not None and holds(sources.file.values, path):
        line = sources.file.line_of(path)
        return f"{sources.file.name}, line {line}" if line else sources.file.name
    return BUILT_IN


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
