"""/config: show, set, reset, channel, role, user, preset, export, import and audit, for admins only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from backends.protocol import BackendRegistry
from backends.store.protocol import SettingsChanged, Store
from backends.store.records import AuditEntry
from bots.commands.access import check_admin
from bots.commands.invocation import Invocation
from bots.commands.people import check_preset_name
from bots.commands.setting_names import (
    CHANNEL_SETTING_NAMES,
    SETTING_NAMES,
    SettingPath,
    SettingValue,
    find_setting,
    read_value,
)
from bots.commands.words import check_usable
from config.errors import InvalidOptions, NotFound
from config.sampling import SamplingOverrides
from config.setting_fields import list_fields
from config.settings_errors import SettingsErrors
from config.text import find_unusable_character, shorten
from config.workspace import Ceilings, WorkspaceRef, WorkspaceSettings

MAX_IMPORT_CHARACTERS = 200_000
_ATTEMPTS = 5
_ERRORS = SettingsErrors(list_fields(WorkspaceSettings))

Tree = dict[str, Any]
"""`WorkspaceSettings` as JSON, without what is as built in."""
Subject = Literal["channel", "role", "user"]
Verdict = Literal["allow", "deny", "clear"]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of /config show. `value` is None where the built-in or the operator's value holds."""

    name: str
    value: SettingValue
    help: str


class SettingsCommands:
    """Each change is validated as a whole, saved with its audit entry, and holds from the next request on."""

    def __init__(self, store: Store, backends: BackendRegistry, now: Callable[[], datetime]) -> None:
        self._store = store
        self._backends = backends
        self._now = now
        self._changing = asyncio.Lock()

    async def show(self, invocation: Invocation) -> WorkspaceSettings:
        check_admin(invocation)
        return (await self._store.workspace(invocation.workspace)).settings

    async def ceilings(self, invocation: Invocation) -> Ceilings:
        """The most members may ask for; everybody may know."""
        return (await self._store.workspace(invocation.workspace)).settings.ceilings

    async def set(self, invocation: Invocation, name: str, value: str) -> WorkspaceSettings:
        """Set one sampling default, ceiling or rule. `none` unsets it."""
        check_admin(invocation)
        setting = find_setting(name)
        read = read_value(setting, value)
        self._check_backend(setting.name, read)
        return await self._change(
            invocation, f"set {setting.name} {_told(read)}", lambda tree: _put(tree, setting.path, read)
        )

    async def reset(self, invocation: Invocation, name: str | None = None) -> WorkspaceSettings:
        """Forget one setting, or all of them."""
        check_admin(invocation)
        if name is None:
            return await self._change(invocation, "reset everything", lambda _: {})
        setting = find_setting(name)
        return await self._change(invocation, f"reset {setting.name}", lambda tree: _put(tree, setting.path, None))

    async def set_channel(self, invocation: Invocation, channel: str, name: str, value: str) -> WorkspaceSettings:
        """Set what differs in one channel: sampling defaults, backend or model."""
        check_admin(invocation)
        setting = find_setting(name, CHANNEL_SETTING_NAMES)
        read = read_value(setting, value)
        self._check_backend(setting.name, read)
        path = ("channels", channel, *setting.path)
        return await self._change(
            invocation, f"set {setting.name} {_told(read)} in channel {channel}", lambda tree: _put(tree, path, read)
        )

    async def reset_channel(self, invocation: Invocation, channel: str, name: str | None = None) -> WorkspaceSettings:
        """Forget what differs in one channel, or one setting of it."""
        check_admin(invocation)
        setting = None if name is None else find_setting(name, CHANNEL_SETTING_NAMES)
        tail = () if setting is None else setting.path
        action = f"reset {setting.name if setting else 'everything'} in channel {channel[:64]}"
        return await self._change(invocation, action, lambda tree: _put(tree, ("channels", channel, *tail), None))

    async def judge(self, invocation: Invocation, subject: Subject, its_id: str, verdict: Verdict) -> WorkspaceSettings:
        """Allow or deny a channel, role or user; `clear` forgets both."""
        return await self._change(
            invocation, f"{verdict} {subject} {its_id}", lambda tree: _judged(tree, subject, its_id, verdict)
        )

    async def save_preset(self, invocation: Invocation, name: str, overrides: SamplingOverrides) -> WorkspaceSettings:
        """Keep an option set for everybody here."""
        check_admin(invocation)
        check_preset_name(name)
        if not overrides.given():
            raise InvalidOptions("A preset needs at least one option, such as temperature=0.5.", "preset")
        options = overrides.model_dump(mode="json", exclude_none=True)
        return await self._change(
            invocation, f"saved preset {name}", lambda tree: _put(tree, ("presets", name), options)
        )

    async def delete_preset(self, invocation: Invocation, name: str) -> WorkspaceSettings:
        if name not in (await self.show(invocation)).presets:
            raise NotFound(f'There is no preset "{shorten(name)}" here.')
        return await self._change(
            invocation, f"deleted preset {name}", lambda tree: _put(tree, ("presets", name), None)
        )

    async def export(self, invocation: Invocation) -> str:
        """All settings as JSON, to keep or to import elsewhere."""
        return json.dumps(_tree(await self.show(invocation)), ensure_ascii=False, indent=2)

    async def import_(self, invocation: Invocation, text: str) -> WorkspaceSettings:
        """Replace all settings by exported ones."""
        check_admin(invocation)
        tree = _read_export(text)
        for place in (tree, *tree.get("channels", {}).values()):
            self._check_backend("backend", place.get("backend"))
        return await self._change(invocation, "imported settings", lambda _: tree)

    async def audit(self, invocation: Invocation, limit: int = 20) -> tuple[AuditEntry, ...]:
        """The latest changes, newest first."""
        check_admin(invocation)
        return await self._store.audit(invocation.workspace, limit)

    async def _change(self, invocation: Invocation, action: str, change: Callable[[Tree], Tree]) -> WorkspaceSettings:
        """Apply a change to the newest settings; again if another process saved meanwhile."""
        check_admin(invocation)
        entry = AuditEntry(self._now(), invocation.requester.id, invocation.requester.name, check_usable(action))
        async with self._changing:
            for _ in range(_ATTEMPTS - 1):
                with suppress(SettingsChanged):
                    return await self._change_once(invocation.workspace, entry, change)
            return await self._change_once(invocation.workspace, entry, change)

    async def _change_once(
        self, ref: WorkspaceRef, entry: AuditEntry, change: Callable[[Tree], Tree]
    ) -> WorkspaceSettings:
        stored = await self._store.workspace(ref)
        settings = _validated(change(_tree(stored.settings)))
        await self._store.save_workspace(ref, settings, stored.version, entry)
        return settings

    def _check_backend(self, name: str, value: object) -> None:
        if name == "backend" and isinstance(value, str):
            self._backends.get(value)


def setting_rows(settings: WorkspaceSettings) -> tuple[SettingRow, ...]:
    """Every setting by the name `set` takes, for tables and forms."""
    tree = _tree(settings)
    return tuple(SettingRow(each.name, _get(tree, each.path), each.help) for each in SETTING_NAMES)


def _tree(settings: WorkspaceSettings) -> Tree:
    return settings.model_dump(mode="json", exclude_defaults=True, exclude_none=True)


def _validated(tree: Tree) -> WorkspaceSettings:
    try:
        settings = WorkspaceSettings.model_validate(tree)
    except ValidationError as error:
        raise InvalidOptions(_ERRORS.explain(error.errors()[0]).sentence) from error
    if any(find_unusable_character(text) is not None for text in _texts(settings.model_dump(exclude_defaults=True))):
        raise InvalidOptions("Settings can't hold a NUL character or half of a surrogate pair.")
    return settings


def _texts(node: object) -> Iterator[str]:
    """Every string in a tree, keys included."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        yield from _texts([*node.keys(), *node.values()])
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _texts(each)


def _read_export(text: str) -> Tree:
    if len(text) > MAX_IMPORT_CHARACTERS:
        raise InvalidOptions(f"That is {len(text):,} characters; settings are at most {MAX_IMPORT_CHARACTERS:,}.")
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidOptions("That is not valid JSON; import what /config export gave you.") from error
    if not isinstance(tree, dict):
        raise InvalidOptions("Exported settings are a JSON object, as /config export gives it.")
    return _tree(_validated(tree))


def _get(tree: Mapping[str, Any], path: SettingPath) -> SettingValue:
    node: Any = tree
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node  # type: ignore[no-any-return]  # a leaf of the JSON tree


def _put(tree: Tree, path: SettingPath, value: object) -> Tree:
    """The tree with `value` at `path`; None takes it out, and tables that are empty then."""
    key, *rest = path
    inner = _put(dict(tree.get(key, {})), tuple(rest), value) if rest else value
    changed = {**tree, key: inner}
    if inner is None or inner == {}:
        del changed[key]
    return changed


def _judged(tree: Tree, subject: Subject, its_id: str, verdict: Verdict) -> Tree:
    access = dict(tree.get("access", {}))
    for list_of, word in (("allowed", "allow"), ("denied", "deny")):
        name = f"{list_of}_{subject}s"
        others = [each for each in access.get(name, []) if each != its_id]
        access[name] = [*others, its_id] if verdict == word else others
    return _put(tree, ("access",), {name: ids for name, ids in access.items() if ids})


def _told(value: SettingValue) -> str:
    if isinstance(value, list):
        return f"({len(value)} entries)"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
