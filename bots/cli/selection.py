"""The backend and model a command was told to use, put into the settings."""

from __future__ import annotations

from config.errors import InvalidOptions, InvalidSettings, NotFound
from config.settings import (
    AwsBackendSettings,
    BackendSettings,
    EchoBackendSettings,
    LocalBackendSettings,
    OpenAIBackendSettings,
    Settings,
)
from config.text import shorten
from generation.model_source import find_source

MAX_PORT = 65_535


def select(settings: Settings, backend: str | None, model: str | None) -> Settings:
    """The settings with that backend as the default one, and that model as its own.

    Raises NotFound for an unknown backend or model, as far as that can be told without asking anybody.
    """
    name = backend or settings.default_backend
    if name not in settings.backends:
        known = ", ".join(sorted(settings.backends))
        raise NotFound(f'There is no backend "{shorten(name)}"; the backends are {known}.')
    chosen = _with_model(name, settings.backends[name], model)
    return settings.model_copy(update={"default_backend": name, "backends": {**settings.backends, name: chosen}})


def model_to_ask_for(settings: Settings, model: str | None) -> str | None:
    """What a request has to name: nothing where the default backend has but the one model of its settings."""
    asks = (OpenAIBackendSettings, AwsBackendSettings)
    return model if isinstance(settings.backends[settings.default_backend], asks) else None


def only_default(settings: Settings) -> Settings:
    """The settings with no other backend than the default one: what one completion needs."""
    name = settings.default_backend
    return settings.model_copy(update={"backends": {name: settings.backends[name]}})


def local_backend(settings: Settings) -> LocalBackendSettings:
    """The default backend if it is a local one, else the first that is, else one as built in."""
    in_order = (settings.backends[settings.default_backend], *settings.backends.values())
    return next((each for each in in_order if isinstance(each, LocalBackendSettings)), LocalBackendSettings())


def _with_model(name: str, backend: BackendSettings, model: str | None) -> BackendSettings:
    match backend:
        case LocalBackendSettings():
            chosen = backend if model is None else backend.model_copy(update={"model": model})
            _check_local(chosen.model)
            return chosen
        case OpenAIBackendSettings():
            return backend if model is None else backend.model_copy(update={"model": model})
        case AwsBackendSettings():
            return backend
        case EchoBackendSettings():
            if model not in (None, "echo"):
                raise NotFound(f'{name} has no model "{shorten(str(model))}"; it has echo.')
            return backend


def _check_local(model: str) -> None:
    if not model.strip() or not model.isprintable():
        raise InvalidSettings("The model's name is empty or holds a character that can't be used.")
    find_source(model)


def place_page(settings: Settings, host: str | None, port: str | None) -> Settings:
    """The settings with the page at that address. Raises InvalidOptions for what is no port."""
    web = settings.web
    if host is not None:
        web = web.model_copy(update={"host": host})
    if port is not None:
        web = web.model_copy(update={"port": _port(port)})
    return settings.model_copy(update={"web": web})


def _port(typed: str) -> int:
    if typed.isascii() and typed.isdecimal() and len(typed) <= 5 and int(typed) <= MAX_PORT:
        return int(typed)
    raise InvalidOptions(f"--port must be a whole number between 0 and {MAX_PORT:,}; you gave {shorten(typed)}.")
