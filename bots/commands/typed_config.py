"""`/config …` typed as text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import get_args

from bots.commands.command_line import parse_options
from bots.commands.invocation import Invocation
from bots.commands.settings import SettingRow, SettingsCommands, Subject, Verdict, setting_rows
from bots.commands.words import Lines, choose, needed, split_first
from config.workspace import WorkspaceSettings

_Handler = Callable[[Invocation, str], Awaitable[Lines]]


class TypedConfig:
    """show, set, reset, channel, role, user, preset, export, import and audit."""

    def __init__(self, rules: SettingsCommands, usual: Mapping[str, str]) -> None:
        """`usual` says, by setting name, what holds where nothing is set."""
        self._rules = rules
        self._usual = usual
        self._handlers: Mapping[str, _Handler] = {
            "": self._show,
            "show": self._show,
            "set": self._set,
            "reset": self._reset,
            "channel": self._channel,
            "role": partial(self._judge, "role"),
            "user": partial(self._judge, "user"),
            "preset": self._preset,
            "export": self._export,
            "import": self._import,
            "audit": self._audit,
        }

    async def run(self, invocation: Invocation, text: str) -> Lines:
        verb, rest = split_first(text)
        return await choose(verb, self._handlers, "word after /config")(invocation, rest)

    async def _show(self, invocation: Invocation, text: str) -> Lines:
        settings = await self._rules.show(invocation)
        rows = [row for row in setting_rows(settings) if text.lower() in row.name]
        return (*(self._row_text(row) for row in rows), *([] if text else _place_lines(settings)))

    def _row_text(self, row: SettingRow) -> str:
        value = ", ".join(row.value) if isinstance(row.value, list) else row.value
        return f"{row.name}: {self._usual[row.name] if value is None else value}"

    async def _set(self, invocation: Invocation, text: str) -> Lines:
        name, value = split_first(text)
        needed(value, "/config set max_length 200 (or none, to unset it)")
        await self._rules.set(invocation, name, value)
        return (f"{name} is now {value}. It holds from the next request on.",)

    async def _reset(self, invocation: Invocation, text: str) -> Lines:
        await self._rules.reset(invocation, text or None)
        return (f"{text or 'Everything'} is back to what it was at first.",)

    async def _channel(self, invocation: Invocation, text: str) -> Lines:
        verb, rest = split_first(text)
        handlers: Mapping[str, _Handler] = {
            "set": self._set_channel,
            "reset": self._reset_channel,
            **{each: partial(self._judge_named, "channel", each) for each in get_args(Verdict)},
        }
        return await choose(verb, handlers, "word after /config channel")(invocation, rest)

    async def _set_channel(self, invocation: Invocation, text: str) -> Lines:
        channel, rest = split_first(text)
        name, value = split_first(rest)
        needed(value, "/config channel set general temperature 0.5")
        await self._rules.set_channel(invocation, bare_id(channel), name, value)
        return (f"{name} is now {value} in {bare_id(channel)}.",)

    async def _reset_channel(self, invocation: Invocation, text: str) -> Lines:
        channel, name = split_first(text)
        needed(channel, "/config channel reset general temperature")
        await self._rules.reset_channel(invocation, bare_id(channel), name or None)
        return (f"{name or 'Everything'} in {bare_id(channel)} is as everywhere again.",)

    async def _judge(self, subject: Subject, invocation: Invocation, text: str) -> Lines:
        verb, rest = split_first(text)
        verdicts: Mapping[str, Verdict] = {each: each for each in get_args(Verdict)}
        verdict = choose(verb, verdicts, f"word after /config {subject}")
        return await self._judge_named(subject, verdict, invocation, rest)

    async def _judge_named(self, subject: Subject, verdict: Verdict, invocation: Invocation, text: str) -> Lines:
        its_id = bare_id(needed(text, f"/config {subject} {verdict} 123"))
        await self._rules.judge(invocation, subject, its_id, verdict)
        done = {"allow": "is allowed", "deny": "is denied", "clear": "has no rule of its own"}[verdict]
        return (f"{subject} {its_id} {done} now.",)

    async def _preset(self, invocation: Invocation, text: str) -> Lines:
        verb, rest = split_first(text)
        handlers: Mapping[str, _Handler] = {"save": self._save_preset, "delete": self._delete_preset}
        return await choose(verb, handlers, "word after /config preset")(invocation, rest)

    async def _save_preset(self, invocation: Invocation, text: str) -> Lines:
        name, rest = split_first(text)
        await self._rules.save_preset(invocation, name, parse_options(rest))
        return (f"Everybody here can use preset={name} now.",)

    async def _delete_preset(self, invocation: Invocation, text: str) -> Lines:
        await self._rules.delete_preset(invocation, needed(text, "/config preset delete poem"))
        return (f"Deleted the preset {text}.",)

    async def _export(self, invocation: Invocation, text: str) -> Lines:
        return tuple((await self._rules.export(invocation)).splitlines())

    async def _import(self, invocation: Invocation, text: str) -> Lines:
        await self._rules.import_(invocation, needed(text, '/config import {"cooldown_s": 5}'))
        return ("Imported. The settings are exactly those now.",)

    async def _audit(self, invocation: Invocation, text: str) -> Lines:
        entries = await self._rules.audit(invocation)
        lines = tuple(f"{each.at:%Y-%m-%d %H:%M} UTC · @{each.actor_name} · {each.action}" for each in entries)
        return lines or ("Nobody has changed a setting yet.",)


def bare_id(name: str) -> str:
    """An id without the sign people put before it, or the brackets platforms put around it."""
    return name.strip().strip("<>").lstrip("#@&!").partition("|")[0]


def _place_lines(settings: WorkspaceSettings) -> list[str]:
    """What is not one value: presets, channels and who may use it."""
    presets = [f"presets: {', '.join(sorted(settings.presets))}"] if settings.presets else []
    channels = [f"channels with their own: {', '.join(sorted(settings.channels))}"] if settings.channels else []
    access = settings.access.model_dump(exclude_defaults=True)
    return [*presets, *channels, *(f"{name.replace('_', ' ')}: {', '.join(ids)}" for name, ids in access.items())]
