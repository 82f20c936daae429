"""The named backends of one installation. Nothing here, or below, imports torch or boto3."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog

from backends.echo import EchoBackend
from backends.local import LocalBackend
from backends.openai import OpenAIBackend
from backends.protocol import Backend
from config.errors import InklingError, NotFound
from config.settings import (
    AwsBackendSettings,
    BackendSettings,
    EchoBackendSettings,
    LocalBackendSettings,
    OpenAIBackendSettings,
    Settings,
)
from config.text import shorten

log = structlog.get_logger(__name__)


class Backends:
    """Looks them up by name. `default` is the one used where nobody chose."""

    def __init__(self, backends: Mapping[str, Backend], default: str) -> None:
        """Raises NotFound when `default` is none of them."""
        self._backends = dict(backends)
        self._default_name = default
        self._default = self.get(default)

    @classmethod
    def from_settings(cls, settings: Settings, runtime_dir: Path | None = None) -> Backends:
        """Builds them all and starts none. `runtime_dir` holds the engines' sockets; the system's temporary folder
        when left out."""
        folder = runtime_dir or Path(tempfile.gettempdir())
        backends = {
            name: build_backend(name, its, settings.cache_dir, folder) for name, its in settings.backends.items()
        }
        return cls(backends, settings.default_backend)

    @property
    def default(self) -> Backend:
        return self._default

    @property
    def names(self) -> tuple[str, ...]:
        """The default first, then by name."""
        return (self._default_name, *sorted(self._backends.keys() - {self._default_name}))

    def get(self, name: str | None) -> Backend:
        """The backend of that name, or the default for None. NotFound lists the names there are."""
        if name is None:
            return self._default
        if name not in self._backends:
            known = ", ".join(sorted(self._backends)) or "none"
            raise NotFound(f'There is no backend "{shorten(name)}"; the backends are {known}.')
        return self._backends[name]

    async def models(self) -> dict[str, tuple[str, ...]]:
        """Each backend's models, the default backend first; empty for one that doesn't answer."""
        lists = await asyncio.gather(*(_models_of(self._backends[name]) for name in self.names))
        return dict(zip(self.names, lists, strict=True))

    async def serving(self, model: str) -> Backend | None:
        """The backend that serves that model, the default before others; None when none does."""
        models = await self.models()
        return next((self._backends[name] for name, served in models.items() if model in served), None)

    async def start_default(self) -> None:
        """Begin to get the default ready; returns at once."""
        await self._default.start()

    async def aclose(self) -> None:
        """Close them all, whatever one of them does."""
        results = await asyncio.gather(
            *(backend.aclose() for backend in self._backends.values()), return_exceptions=True
        )
        failures = [result for result in results if isinstance(result, Exception)]
        if failures:
            raise ExceptionGroup("backends that did not close", failures)


def build_backend(name: str, settings: BackendSettings, cache_dir: Path, runtime_dir: Path) -> Backend:
    match settings:
        case LocalBackendSettings():
            return LocalBackend(name, settings, cache_dir, runtime_dir)
        case OpenAIBackendSettings():
            return OpenAIBackend.from_settings(name, settings)
        case AwsBackendSettings():
            from backends.aws.connection import connect  # boto3 is loaded only where it is used

            return connect(name, settings)
        case EchoBackendSettings():
            return EchoBackend(name)


async def _models_of(backend: Backend) -> tuple[str, ...]:
    try:
        return await backend.models()
    except InklingError as error:
        log.warning("backend lists no models", backend=backend.name, problem=error.sentence)
        return ()
