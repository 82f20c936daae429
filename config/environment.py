"""Environment variables as a settings source: `INKLING_` prefix, `__` for nesting, `…_FILE` for secrets in files."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from config.errors import InvalidSettings

PREFIX = "INKLING_"
_NOT_SETTINGS = {f"{PREFIX}CONFIG"}


class EnvironmentSource(EnvSettingsSource):
    """pydantic-settings' environment source over a given mapping, with `…_FILE` resolved and unknown names refused."""

    def __init__(self, settings_cls: type[BaseSettings], environ: Mapping[str, str]) -> None:
        self._environ = dict(_own_variables(environ))
        for name in self._environ:
            _check_known(name, settings_cls)
        super().__init__(settings_cls, env_prefix=PREFIX, env_nested_delimiter="__")

    def _load_env_vars(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self._environ.items()}

    def __call__(self) -> dict[str, object]:
        try:
            return super().__call__()
        except SettingsError as error:
            raise InvalidSettings(f"{_named_in(str(error))}: the value is not valid JSON.") from error


def _own_variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        if not name.endswith("_FILE"):
            yield name, value
            continue
        if name.removesuffix("_FILE") in environ:
            raise InvalidSettings(f"{name.removesuffix('_FILE')} and {name} are both set; keep one of them.")
        yield name.removesuffix("_FILE"), _read_secret(name, value)


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{name}: I can't read the file it names ({type(error).__name__}).") from error


def _check_known(name: str, settings_cls: type[BaseSettings]) -> None:
    first = name.removeprefix(PREFIX).split("__")[0].lower()
    if first in settings_cls.model_fields:
        return
    close = difflib.get_close_matches(first, settings_cls.model_fields, n=1)
    hint = f" Did you mean {PREFIX}{close[0].upper()}…?" if close else ""
    raise InvalidSettings(f"{name}: there is no such setting.{hint}")


def _named_in(message: str) -> str:
    """pydantic-settings names the field in double quotes: `error parsing value for field "web" …`."""
    parts = message.split('"')
    return PREFIX + parts[1].upper() if len(parts) > 1 else "environment"
