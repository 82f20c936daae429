"""/config: for those who may manage the server. Discord hides it from others; the core refuses them again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import discord
from discord import app_commands

from bots.core import Core
from bots.discord_bot.answers import answer_of
from bots.discord_bot.commands import SUMMARIES, Commands, choices, one_word
from bots.discord_bot.complete_options import signature_of
from bots.discord_bot.identity import invocation_of
from bots.documents import Document, check_size, read_prompt
from config.errors import InvalidOptions

EXPORT_NAME = "inkling-settings.json"
MOST_IMPORTED = 200_000


class Spot(app_commands.Transformer):
    """A channel people talk in, as Discord names it: over HTTP there is no cache to look it up in."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        kinds = discord.ChannelType
        return [kinds.text, kinds.news, kinds.voice, kinds.stage_voice, kinds.forum]

    async def transform(self, interaction: discord.Interaction, value: Any, /) -> app_commands.AppCommandChannel:
        channel: app_commands.AppCommandChannel = value
        return channel


Channel = app_commands.Transform[app_commands.AppCommandChannel, Spot]
_VERDICTS: Mapping[str, str] = {"allow": "Allow", "deny": "Deny", "clear": "Forget what was said about"}
_SUBJECTS: Mapping[str, tuple[str, Any]] = {
    "channel": ("Inkling in a channel", Channel),
    "role": ("Inkling to a role", discord.Role),
    "user": ("Inkling to a person", discord.User),
}
_Suggest = Callable[[discord.Interaction[Any], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


class ConfigGroup:
    def __init__(self, core: Core, commands: Commands) -> None:
        self._core = core
        self._commands = commands

    def group(self) -> app_commands.Group:
        group = app_commands.Group(
            name="config",
            description=SUMMARIES["config"],
            default_permissions=discord.Permissions(manage_guild=True),
        )
        self._add_settings(group)
        self._add_exchange(group)
        for subject in _SUBJECTS:
            group.add_command(self._subject(subject))
        group.add_command(self._preset())
        return group

    async def _type(self, interaction: discord.Interaction, text: str) -> None:
        await self._commands.type(interaction, "config", text)

    def _add_settings(self, group: app_commands.Group) -> None:
        @group.command(description="Show the settings here.")
        @app_commands.describe(setting="Only those whose name holds this.")
        @app_commands.autocomplete(setting=self._suggest(self._core.suggestions.settings))
        async def show(interaction: discord.Interaction, setting: str = "") -> None:
            await self._type(interaction, f"show {setting}")

        @group.command(name="set", description="Set a default, a ceiling or a rule.")
        @app_commands.describe(setting="Which one.", value="The value; none unsets it.")
        @app_commands.autocomplete(setting=self._suggest(self._core.suggestions.settings))
        async def set_(interaction: discord.Interaction, setting: str, value: str) -> None:
            await self._type(interaction, f"set {one_word(setting)} {value}")

        @group.command(description="Put one setting, or all, back to what it was at first.")
        @app_commands.describe(setting="Which one; all of them when left out.")
        @app_commands.autocomplete(setting=self._suggest(self._core.suggestions.settings))
        async def reset(interaction: discord.Interaction, setting: str = "") -> None:
            await self._type(interaction, f"reset {one_word(setting)}")

        @group.command(description="Who changed what.")
        async def audit(interaction: discord.Interaction) -> None:
            await self._type(interaction, "audit")

    def _add_exchange(self, group: app_commands.Group) -> None:
        @group.command(description="All settings as a file, to keep or to import elsewhere.")
        async def export(interaction: discord.Interaction) -> None:
            text = await self._core.rules.export(invocation_of(interaction))
            await answer_of(interaction).give(Document(EXPORT_NAME, text))

        @group.command(name="import", description="Replace all settings by exported ones.")
        @app_commands.describe(file="What /config export gave.", text="The same, as text.")
        async def import_(
            interaction: discord.Interaction, file: discord.Attachment | None = None, text: str = ""
        ) -> None:
            await self._type(interaction, f"import {await _exported(file, text)}")

    def _subject(self, subject: str) -> app_commands.Group:
        """/config channel, role and user."""
        what, its_type = _SUBJECTS[subject]
        group = app_commands.Group(name=subject, description=f"Allow or deny {what}.")
        for verdict in _VERDICTS:
            group.add_command(self._judge(subject, what, its_type, verdict))
        if subject == "channel":
            self._add_channel_settings(group)
        return group

    def _judge(self, subject: str, what: str, its_type: Any, verdict: str) -> app_commands.Command[Any, ..., Any]:
        async def judge(interaction: discord.Interaction, **given: Any) -> None:
            await self._type(interaction, f"{subject} {verdict} {given[subject].id}")

        judge.__signature__ = signature_of({}, {subject: its_type})  # type: ignore[attr-defined]
        app_commands.describe(**{subject: "Which one."})(judge)
        return app_commands.Command(name=verdict, description=f"{_VERDICTS[verdict]} {what}.", callback=judge)

    def _add_channel_settings(self, group: app_commands.Group) -> None:
        suggest = self._suggest(self._core.suggestions.channel_settings)

        @group.command(name="set", description="Set what differs in one channel.")
        @app_commands.describe(channel="Where.", setting="Which one.", value="The value; none unsets it.")
        @app_commands.autocomplete(setting=suggest)
        async def set_(interaction: discord.Interaction, channel: Channel, setting: str, value: str) -> None:
            await self._type(interaction, f"channel set {channel.id} {one_word(setting)} {value}")

        @group.command(description="Make a channel, or one setting of it, as everywhere again.")
        @app_commands.describe(channel="Where.", setting="Which one; all of them when left out.")
        @app_commands.autocomplete(setting=suggest)
        async def reset(interaction: discord.Interaction, channel: Channel, setting: str = "") -> None:
            await self._type(interaction, f"channel reset {channel.id} {one_word(setting)}")

    def _preset(self) -> app_commands.Group:
        group = app_commands.Group(name="preset", description="Option sets for everybody here.")

        @group.command(description="Keep options under a name for everybody here.")
        @app_commands.describe(name="What to call it.", options="Such as temperature=1.2 top_k=0")
        async def save(interaction: discord.Interaction, name: str, options: str) -> None:
            await self._type(interaction, f"preset save {one_word(name)} {options}")

        @group.command(description="Delete one of the server's presets.")
        @app_commands.describe(name="Which one.")
        async def delete(interaction: discord.Interaction, name: str) -> None:
            await self._type(interaction, f"preset delete {name}")

        return group

    def _suggest(self, find: Callable[[str], tuple[str, ...]]) -> _Suggest:
        async def suggest(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
            return choices(find(typed))

        return suggest


async def _exported(file: discord.Attachment | None, text: str) -> str:
    if file is None:
        return text
    if text:
        raise InvalidOptions("Give me a file or a text, not both.")
    check_size(file.filename, file.size, MOST_IMPORTED)
    return read_prompt(file.filename, await file.read())
