"""What holds where a server's admins have set nothing: the operator's value, or the built-in one."""

from __future__ import annotations

from collections.abc import Mapping

from bots.presenter import shown
from config.sampling import OPTIONS
from config.settings import Settings
from config.workspace import WorkspaceSettings

_BUILT_IN = "as built in"
_OPERATORS = "the operator's"


def usual_texts(settings: Settings, default_backend: str) -> Mapping[str, str]:
    """By setting name: `0.8 (as built in)`."""
    return {**_options(settings), **_limits(settings), **_rules(default_backend)}


def _options(settings: Settings) -> dict[str, str]:
    given = settings.defaults.given()
    texts: dict[str, str] = {}
    for spec in OPTIONS:
        whose = _OPERATORS if spec.name in given else _BUILT_IN
        value = given.get(spec.name, spec.default)
        texts[spec.name] = f"{'random' if value is None else shown(value)} ({whose})"
    return texts


def _limits(settings: Settings) -> dict[str, str]:
    names = ("max_length", "max_samples", "max_in_flight")
    limits = {name: f"{getattr(settings.limits, name):,} (the operator's limit, limits.{name})" for name in names}
    most = next(spec.maximum for spec in OPTIONS if spec.name == "temperature")
    return {**limits, "max_temperature": f"{most:g} ({_BUILT_IN})"}


def _rules(default_backend: str) -> dict[str, str]:
    rules = WorkspaceSettings()
    return {
        "backend": f"{default_backend} (the operator's)",
        "model": "the backend's own",
        "regenerate_emoji": f"{rules.regenerate_emoji} ({_BUILT_IN})",
        "regenerate_by": f"{rules.regenerate_by} ({_BUILT_IN})",
        "cooldown_s": f"{rules.cooldown_s:g} ({_BUILT_IN})",
        "retention_days": f"none, results are kept ({_BUILT_IN})",
        "word_filter": f"none ({_BUILT_IN})",
    }
