"""What the page receives, as JSON-ready values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ulid import ULID

from backends.store.records import Accepted, RequestRecord
from bots.commands.help import COMMANDS
from bots.commands.people import Presets
from bots.commands.setting_names import SETTING_NAMES
from bots.views import ResultView
from bots.web.health import BackendSnapshot
from bots.web.live import LiveEvent, Removed, ResultShown
from config.sampling import OPTIONS, OptionSpec, SamplingOverrides
from config.settings import LimitSettings
from config.workspace import Resolution, WorkspaceSettings, most_of

Json = dict[str, Any]


def view_json(view: ResultView, prompt: bool = True) -> Json:
    """A result; `created_at` is in milliseconds since 1970."""
    shown = asdict(view) | {"created_at": ULID.from_str(view.request_id).milliseconds}
    if not prompt:
        del shown["prompt"]
    return shown


def views_json(views: Sequence[ResultView]) -> Json:
    return {"results": [view_json(view) for view in views]}


def accepted_json(accepted: Accepted) -> Json:
    record = accepted.record
    return {"kind": "result", "request_id": record.id, "group_id": record.group_id, "created": accepted.created}


def details_json(view: ResultView, record: RequestRecord) -> Json:
    """A result with what its Vary form starts from."""
    return {
        "result": view_json(view),
        "options": record.options.model_dump(),
        "model": record.model,
        "backend": record.backend,
    }


def event_json(event: LiveEvent, snapshots: Sequence[BackendSnapshot]) -> tuple[str, Json]:
    """An event's name on the stream and its data."""
    if isinstance(event, ResultShown):
        return "result", view_json(event.view, event.prompt)
    if isinstance(event, Removed):
        return "removed", asdict(event)
    return event.what, health_json(snapshots) if event.what == "health" else {}


def health_json(snapshots: Sequence[BackendSnapshot]) -> Json:
    """The default backend first."""
    return {
        "backends": [
            {"name": each.name, "state": each.health.state, "detail": each.health.detail, "models": each.models}
            for each in snapshots
        ]
    }


def session_json(
    rules: WorkspaceSettings,
    effective: Resolution,
    limits: LimitSettings,
    presets: Presets,
    channels: Sequence[str],
    snapshots: Sequence[BackendSnapshot],
) -> Json:
    """Everything a page needs before its first message."""
    return {
        "options": [_option_json(each, rules, limits) for each in OPTIONS],
        "commands": [asdict(command) for command in COMMANDS],
        "settings": [each.name for each in SETTING_NAMES],
        "presets": {"personal": _presets_json(presets.personal), "shared": _presets_json(presets.shared)},
        "channels": list(channels),
        "regenerate_emoji": rules.regenerate_emoji,
        "defaults": effective.baseline.model_dump(),
        "limits": {"max_prompt_characters": limits.max_prompt_characters},
        **health_json(snapshots),
    }


def _option_json(spec: OptionSpec, rules: WorkspaceSettings, limits: LimitSettings) -> Json:
    """One option, with the bounds that hold here."""
    maximum = most_of(spec, rules.ceilings, limits)
    return {
        "name": spec.name,
        "aliases": spec.aliases,
        "kind": spec.kind,
        "minimum": spec.minimum,
        "maximum": maximum,
        "range": spec.range_up_to(maximum),
        "help": spec.help,
    }


def _presets_json(presets: Mapping[str, SamplingOverrides]) -> Json:
    return {name: options.given() for name, options in presets.items()}
