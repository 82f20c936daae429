"""The operator's settings: one TOML file, then `INKLING_…` environment variables on top.

Nested fields join with `__` (`INKLING_WEB__PORT=8080`). Any variable also works with `_FILE` appended, naming a file
that holds the value, as container secrets do. This is the only module that reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from annotated_types import MinLen
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from config.aws import Deployment, read_deployment
from config.environment import CONFIG_VARIABLE, Environment, read_environment
from config.precision import Precision
from config.sampling import MAX_LENGTH, MAX_SAMPLES, SamplingOverrides
from config.setting_fields import list_fields
from config.setting_types import Folder, HttpUrl, Names, Number, Secret, TableName, WebSocketUrl, Whole, setting_error
from config.settings_errors import SettingsErrors
from config.settings_file import SettingsFile, read_settings_file
from config.text import shorten

FILE_NAME = "inkling.toml"


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LocalBackendSettings(Section):
    """A model on this machine's CPU, in an engine process that Inkling starts and watches."""

    kind: Literal["local"] = Field("local", description="A model on this machine's CPU.")
    model: str = Field(
        "smollm2-135m", min_length=1, description="Alias, hub id (gpt2, distilgpt2, …), folder or GGUF file."
    )
    max_running: Whole = Field(16, ge=1, le=256, description="Samples written at the same time, in one batch.")
    max_waiting: Whole = Field(64, ge=1, le=10_000, description="Samples that may wait in the engine.")
    threads: Whole | None = Field(None, ge=1, le=512, description="CPU threads; all cores it may use when left out.")
    precision: Precision = Field(
        "auto",
        description="How the weights are kept; auto takes the fastest that writes as well. Where a machine or model "
        "can't have int8 or bf16, fp32 serves.",
    )
    cache_mb: Whole = Field(
        256, ge=16, le=262_144, description="MiB for the keys and values of what is written; what finds no room waits."
    )


class OpenAIBackendSettings(Section):
    """Any server that speaks the OpenAI completions API: vLLM, llama-server, TGI, Ollama, `inkling serve`."""

    kind: Literal["openai"] = Field(description="A server that speaks the OpenAI completions API.")
    base_url: HttpUrl = Field(description="Up to and with /v1, such as http://127.0.0.1:8000/v1.")
    model: str | None = Field(None, description="The server's first model when left out.")
    api_key: Secret | None = Field(None, description="Sent as a bearer token.")
    connect_timeout_s: Number = Field(5.0, gt=0, le=120, description="Seconds to wait for a connection.")
    idle_timeout_s: Number = Field(60.0, gt=0, le=3600, description="Seconds without a byte before giving up.")


class AwsBackendSettings(Section):
    """A deployment in your AWS account, made by `inkling aws deploy`; asleep when nobody types."""

    kind: Literal["aws"] = Field(description="A deployment in your AWS account.")
    api_url: HttpUrl | None = Field(None, description="Its HTTP API, as `inkling aws deploy` prints it.")
    function: str | None = Field(
        None, min_length=1, description="Its API's Lambda function, invoked directly where there is no api_url."
    )
    region: str | None = Field(
        None, min_length=1, description="The AWS region; AWS_DEFAULT_REGION or that of the profile when left out."
    )
    profile: str | None = Field(None, min_length=1, description="A profile of your AWS credentials.")

    @model_validator(mode="after")
    def _some_way_there(self) -> AwsBackendSettings:
        if self.api_url is None and self.function is None:
            raise setting_error("is needed, or function", "api_url")
        return self


class EchoBackendSettings(Section):
    """No model: the prompt's own words again, always the same. For trying things out."""

    kind: Literal["echo"] = Field(description="No model: the prompt's own words again.")


BackendSettings = Annotated[
    LocalBackendSettings | OpenAIBackendSettings | AwsBackendSettings | EchoBackendSettings, Field(discriminator="kind")
]
BackendName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=32)]
_KINDS = ("local", "openai", "aws", "echo")


def _name_kinds(backends: object) -> object:
    """A backend called as a kind is of that kind unless it says otherwise, so `[backends.local]` needs no `kind`."""
    if not isinstance(backends, Mapping):
        return backends
    return {
        name: {"kind": name, **backend} if name in _KINDS and isinstance(backend, Mapping) else backend
        for name, backend in backends.items()
    }


Backends = Annotated[dict[BackendName, BackendSettings], BeforeValidator(_name_kinds), MinLen(1)]


def _one_local_backend() -> dict[str, BackendSettings]:
    return {"local": LocalBackendSettings()}


class SqliteStoreSettings(Section):
    """A file of this Inkling's own."""

    kind: Literal["sqlite"] = Field("sqlite", description="The file inkling.db in data_dir.")


class DynamoStoreSettings(Section):
    """A DynamoDB table, which several Inklings may share."""

    kind: Literal["dynamodb"] = Field(description="A DynamoDB table, which several Inklings may share.")
    table: TableName = Field("inkling", description="Its name; made at the first start where that is allowed.")
    region: str | None = Field(
        None, min_length=1, description="The AWS region; AWS_DEFAULT_REGION or that of the profile when left out."
    )
    profile: str | None = Field(None, min_length=1, description="A profile of your AWS credentials.")


def _usual_store(store: object) -> object:
    """An empty `[store]` is as if there were none."""
    return {"kind": "sqlite"} if store == {} else store


StoreSettings = Annotated[
    SqliteStoreSettings | DynamoStoreSettings, Field(discriminator="kind"), BeforeValidator(_usual_store)
]


class LimitSettings(Section):
    """What nobody may exceed, whatever a server's admins set."""

    max_length: Whole = Field(400, ge=1, le=MAX_LENGTH, description="Most new tokens per sample.")
    max_samples: Whole = Field(8, ge=1, le=MAX_SAMPLES, description="Most samples per request.")
    max_prompt_characters: Whole = Field(100_000, ge=1, le=10_000_000, description="Longest prompt accepted.")
    max_running: Whole = Field(8, ge=1, le=256, description="Requests worked on at the same time.")
    max_queued: Whole = Field(40, ge=1, le=10_000, description="Requests that may wait; more are told to come back.")
    max_in_flight: Whole = Field(3, ge=1, le=1000, description="Open requests per person.")
    deadline_s: Number = Field(
        120.0, gt=0, le=3600, description="Seconds one completion may take; partial text is kept."
    )


class WebSettings(Section):
    """The chat page."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; another than loopback needs a token."
    )
    port: Whole = Field(8017, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    token: Secret | None = Field(None, description="Asked for by the page and the API when set.")
    allowed_hosts: Names = Field((), description="Host names the page may be reached by, beside its own.")


class CallbackSettings(Section):
    """Where platforms call Inkling, for those set to do so. Nothing else answers there, the chat page neither."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on for the platforms' calls.")
    port: Whole = Field(8018, ge=0, le=65535, description="Port to listen on for the platforms' calls.")


class DiscordSettings(Section):
    """The Discord bot; it runs when it has a token."""

    token: Secret | None = Field(None, description="The bot's token, from Discord's developer portal.")
    public_key: str | None = Field(
        None,
        description="The application's public key; set it to take interactions at POST /discord/interactions.",
    )
    gateway: bool = Field(
        True,
        description="Keep a connection to Discord; without one, interactions come by HTTP and reactions not at all.",
    )
    sync_commands: bool = Field(
        True, description="Tell Discord at the start which commands there are, if they changed."
    )
    api_url: HttpUrl = Field("https://discord.com/api/v10", description="Discord's API, or what stands in for it.")
    gateway_url: WebSocketUrl | None = Field(
        None, description="Discord's gateway, or what stands in for it; as the API says when left out."
    )


class SlackSettings(Section):
    """The Slack bot; it runs when it has a bot token (one workspace) or a client id and secret (many)."""

    bot_token: Secret | None = Field(
        None, description="The bot's token, xoxb-…, from the app's page, OAuth & Permissions; for one workspace."
    )
    app_token: Secret | None = Field(
        None, description="The app-level token, xapp-…: Slack is then reached by Socket Mode, with no open address."
    )
    signing_secret: Secret | None = Field(
        None, description="The signing secret; set it without an app token to be called at POST /slack/events."
    )
    client_id: str | None = Field(
        None, min_length=1, description="The app's client id: any workspace may install it at GET /slack/install."
    )
    client_secret: Secret | None = Field(None, description="The client secret that belongs to it.")
    admins: Names = Field((), description="Ids of people who may change settings beside admins and owners.")
    stream: bool = Field(True, description="Write with Slack's streaming where that can be; else by edits.")
    api_url: HttpUrl = Field("https://slack.com/api", description="Slack's Web API, or what stands in for it.")

    @property
    def is_wanted(self) -> bool:
        """Whether anything was set that is of no use without a bot."""
        own = (self.bot_token, self.app_token, self.signing_secret, self.client_id, self.client_secret)
        return any(value is not None for value in own)


class LogSettings(Section):
    """What is logged to the standard error stream."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least important line shown.")
    json_lines: bool | None = Field(
        None, description="One JSON object per line, for log collectors; when left out, unless it is a terminal."
    )


class Settings(Section):
    """Everything the operator can set, complete and valid."""

    data_dir: Folder = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("inkling")),
        description="Where requests and settings are kept, unless in DynamoDB; the user's data folder when left out.",
    )
    cache_dir: Folder = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("inkling")),
        description="Where models are kept, safe to delete; the user's cache folder when left out.",
    )
    default_backend: str = Field("local", description="The backend used where a server's admins chose none.")
    backends: Backends = Field(default_factory=_one_local_backend, description="Named sources of completions.")
    defaults: SamplingOverrides = Field(
        default_factory=SamplingOverrides, description="Sampling defaults for every server, under the servers' own."
    )
    store: StoreSettings = Field(
        default_factory=SqliteStoreSettings, description="What requests, results and settings are kept in."
    )
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What nobody may exceed.")
    web: WebSettings = Field(default_factory=WebSettings, description="The chat page.")
    discord: DiscordSettings = Field(default_factory=DiscordSettings, description="The Discord bot.")
    slack: SlackSettings = Field(default_factory=SlackSettings, description="The Slack bot.")
    callbacks: CallbackSettings = Field(
        default_factory=CallbackSettings, description="Where platforms call Inkling, for those set to do so."
    )
    log: LogSettings = Field(default_factory=LogSettings, description="What is logged, and how.")

    @model_validator(mode="after")
    def _default_backend_exists(self) -> Settings:
        if self.default_backend not in self.backends:
            names = ", ".join(f"'{name}'" for name in sorted(self.backends))
            phrase = f"must be one of {names}; found '{shorten(self.default_backend)}'"
            if "default_backend" not in self.model_fields_set:
                phrase = f"is needed, since no backend is called '{self.default_backend}'; make it one of {names}"
            raise setting_error(phrase, "default_backend")
        return self


@dataclass(frozen=True, slots=True)
class SettingsSources:
    """What was set, and where; what is in neither is as built in."""

    file: SettingsFile | None
    environment: Environment


def find_settings_file(environ: Mapping[str, str] | None = None) -> Path | None:
    """`INKLING_CONFIG`, or inkling.toml here, or the one in the user's configuration folder; None if there is none."""
    environ = os.environ if environ is None else environ
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    candidates = (Path(FILE_NAME), Path(platformdirs.user_config_dir("inkling")) / FILE_NAME)
    # Unlike Path.is_file, this takes a folder that may not be read for one without the file.
    return next((path for path in candidates if os.path.isfile(path)), None)


def read_sources(path: Path | None = None, environ: Mapping[str, str] | None = None) -> SettingsSources:
    """Read the file (found by `find_settings_file` if not given) and the environment. Raises InvalidSettings."""
    environ = os.environ if environ is None else environ
    named_by = CONFIG_VARIABLE if path is None and environ.get(CONFIG_VARIABLE) else ""
    path = path or find_settings_file(environ)
    file = read_settings_file(path, named_by) if path else None
    return SettingsSources(file, read_environment(environ, list_fields(Settings)))


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The file's settings with the environment's on top, complete and valid. Raises InvalidSettings."""
    return validate_settings(read_sources(path, environ))


def load_deployment(environ: Mapping[str, str] | None = None) -> Deployment:
    """What this part of an AWS deployment was told. Raises InvalidSettings."""
    return read_deployment(os.environ if environ is None else environ)


def load_notify_socket(environ: Mapping[str, str] | None = None) -> str | None:
    """Where systemd hears of us, if it started us so."""
    return (os.environ if environ is None else environ).get("NOTIFY_SOCKET")


def validate_settings(sources: SettingsSources) -> Settings:
    """Raises InvalidSettings, which names the place."""
    file, environment = sources.file, sources.environment
    try:
        return Settings.model_validate(_merged(file.values if file else {}, environment.values))
    except ValidationError as error:
        # From None: the validation error shows the values it was given, secrets and all.
        raise SettingsErrors(list_fields(Settings), file, environment).explain(error.errors()[0]) from None


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `under`, table by table."""
    both = dict(under)
    for key, value in over.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        both[key] = _merged(both[key], value) if nested else value
    return both
