"""The operator's settings: one TOML file, then `INKLING_…` environment variables on top.

Nested fields join with `__` (`INKLING_WEB__PORT=8080`). Any variable also works with `_FILE` appended, naming a file
that holds the value, as container secrets do. This is the only module that reads the environment.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.environment import PREFIX, EnvironmentSource
from config.errors import InvalidSettings
from config.sampling import MAX_LENGTH, MAX_SAMPLES, SamplingOverrides
from config.settings_errors import settings_sentence

FILE_NAME = "inkling.toml"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocalBackendSettings(Section):
    """A model on this machine's CPU, in an engine process that Inkling starts and watches."""

    kind: Literal["local"] = "local"
    model: str = Field(
        "smollm2-135m", min_length=1, description="Alias, hub id (gpt2, distilgpt2, …), folder or GGUF file."
    )
    max_running: int = Field(16, ge=1, le=256, description="Samples written at the same time, in one batch.")
    max_waiting: int = Field(64, ge=1, le=10_000, description="Samples that may wait in the engine.")
    threads: int | None = Field(None, ge=1, le=512, description="CPU threads; all cores when left out.")


class OpenAIBackendSettings(Section):
    """Any server that speaks the OpenAI completions API: vLLM, llama-server, TGI, Ollama, `inkling serve`."""

    kind: Literal["openai"]
    base_url: str = Field(pattern=r"^https?://", description="Up to and with /v1, such as http://127.0.0.1:8000/v1.")
    model: str | None = Field(None, description="The server's first model when left out.")
    api_key: SecretStr | None = Field(None, description="Sent as a bearer token.")
    connect_timeout_s: float = Field(5.0, gt=0, le=120, description="Seconds to wait for a connection.")
    idle_timeout_s: float = Field(60.0, gt=0, le=3600, description="Seconds without a byte before giving up.")


class EchoBackendSettings(Section):
    """No model: the prompt's own words again, always the same. For trying things out."""

    kind: Literal["echo"]


BackendSettings = Annotated[
    LocalBackendSettings | OpenAIBackendSettings | EchoBackendSettings, Field(discriminator="kind")
]


def _one_local_backend() -> dict[str, BackendSettings]:
    return {"local": LocalBackendSettings()}


class LimitSettings(Section):
    """What nobody may exceed, whatever a server's admins set."""

    max_length: int = Field(400, ge=1, le=MAX_LENGTH, description="Most new tokens per sample.")
    max_samples: int = Field(8, ge=1, le=MAX_SAMPLES, description="Most samples per request.")
    max_prompt_characters: int = Field(100_000, ge=1, le=10_000_000, description="Longest prompt accepted.")
    max_running: int = Field(8, ge=1, le=256, description="Requests worked on at the same time.")
    max_queued: int = Field(40, ge=1, le=10_000, description="Requests that may wait; more are told to come back.")
    max_in_flight: int = Field(3, ge=1, le=1000, description="Open requests per person.")
    deadline_s: float = Field(
        120.0, gt=0, le=3600, description="Seconds one completion may take; partial text is kept."
    )


class WebSettings(Section):
    """The chat page."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; another than loopback needs a token."
    )
    port: int = Field(8017, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    token: SecretStr | None = Field(None, description="Asked for by the page and the API when set.")
    allowed_hosts: tuple[str, ...] = Field((), description="Host names the page may be reached by, beside its own.")


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least important line shown.")
    json_lines: bool = Field(False, description="One JSON object per line, for log collectors.")


class Settings(BaseSettings):
    """Everything the operator can set, complete and valid."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("inkling")),
        description="Where requests and settings are kept.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("inkling")),
        description="Where models are kept; safe to delete.",
    )
    default_backend: str = Field("local", description="The backend used where a server's admins chose none.")
    backends: dict[str, BackendSettings] = Field(
        default_factory=_one_local_backend, description="Named sources of completions."
    )
    defaults: SamplingOverrides = Field(
        default_factory=SamplingOverrides, description="Sampling defaults for every server, under the servers' own."
    )
    limits: LimitSettings = LimitSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _default_backend_exists(self) -> Settings:
        if self.default_backend not in self.backends:
            names = ", ".join(sorted(self.backends))
            raise ValueError(f'default_backend is "{self.default_backend}", but the backends are {names}')
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` passes in: it merges file and environment itself, so that tests need neither."""
        return (init_settings,)


def find_settings_file(environ: Mapping[str, str]) -> Path | None:
    """`INKLING_CONFIG`, or inkling.toml here, or the one in the user's configuration folder; None if there is none."""
    named = environ.get(f"{PREFIX}CONFIG")
    if named:
        return Path(named)
    candidates = (Path(FILE_NAME), Path(platformdirs.user_config_dir("inkling")) / FILE_NAME)
    return next((path for path in candidates if path.is_file()), None)


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the file (found by `find_settings_file` if not given), then the environment. Raises InvalidSettings."""
    environ = os.environ if environ is None else environ
    path = path or find_settings_file(environ)
    from_file = _read_toml(path) if path else {}
    from_environment = EnvironmentSource(Settings, environ)()
    try:
        return Settings(**_merged(from_file, from_environment))
    except ValidationError as error:
        raise InvalidSettings(settings_sentence(error.errors()[0], path, from_environment)) from error


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `under`, table by table."""
    both = dict(under)
    for key, value in over.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = _merged(both[key], value) if nested else value
    return both


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InvalidSettings(f"{path}: there is no such file; make it or unset {PREFIX}CONFIG.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{path}: I can't read it ({type(error).__name__}).") from error
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path.name}: not valid TOML: {error}.") from error
