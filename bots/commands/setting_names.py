"""The names admins use for a server's settings, and where each of them lives in `WorkspaceSettings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bots.commands.text_escapes import read_escapes
from config.errors import InvalidOptions
from config.sampling import OPTION_BY_NAME, canonical_name, parse_overrides
from config.text import closest, shorten
from config.workspace import WorkspaceSettings

SettingPath = tuple[str, ...]
SettingValue = str | float | int | list[str] | None

_RULES = (
    "backend",
    "model",
    "regenerate_emoji",
    "regenerate_by",
    "cooldown_s",
    "max_in_flight",
    "retention_days",
    "word_filter",
)
_CEILINGS = ("length", "samples", "temperature")
_IN_CHANNELS = ("backend", "model")
_UNSET_WORDS = {"", "none", "unset", "default"}


@dataclass(frozen=True, slots=True)
class SettingName:
    """One thing `/config set` can set. `path` leads to it in WorkspaceSettings (or in ChannelSettings)."""

    name: str
    path: SettingPath
    help: str
    is_option: bool = False


def _workspace_names() -> tuple[SettingName, ...]:
    options = (SettingName(name, ("defaults", name), spec.help, True) for name, spec in OPTION_BY_NAME.items())
    ceilings = (
        SettingName(f"max_{name}", ("ceilings", name), f"The most {name} members may use.") for name in _CEILINGS
    )
    fields = WorkspaceSettings.model_fields
    rules = (SettingName(name, (name,), fields[name].description or "") for name in _RULES)
    return (*options, *ceilings, *rules)


SETTING_NAMES: tuple[SettingName, ...] = _workspace_names()
CHANNEL_SETTING_NAMES: tuple[SettingName, ...] = tuple(
    each for each in SETTING_NAMES if each.is_option or each.name in _IN_CHANNELS
)


def find_setting(name: str, among: tuple[SettingName, ...] = SETTING_NAMES) -> SettingName:
    """The setting of that name, through the options' aliases; InvalidOptions with a suggestion."""
    wanted = name.strip().lower().replace("-", "_")
    by_name: Mapping[str, SettingName] = {each.name: each for each in among}
    if wanted in by_name:
        return by_name[wanted]
    try:
        return by_name[canonical_name(wanted)]
    except (InvalidOptions, KeyError):
        close = closest(wanted, by_name)
        hint = f"Did you mean {close}?" if close else f"The settings are {', '.join(by_name)}."
        raise InvalidOptions(f'There is no setting "{shorten(name)}" here. {hint}', name) from None


def read_value(setting: SettingName, text: str) -> SettingValue:
    """What an admin typed, as `WorkspaceSettings` takes it; None unsets. Bounds are checked by the model."""
    if text.strip().lower() in _UNSET_WORDS:
        return None
    if setting.is_option:
        typed = read_escapes(text) if setting.name == "stop" else text
        value = parse_overrides({setting.name: typed}).given()[setting.name]
        return list(value) if isinstance(value, tuple) else value
    if setting.name == "word_filter":
        return [word.strip() for word in text.split(",") if word.strip()]
    return text.strip()
