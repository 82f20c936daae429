"""The commands but /config, as Discord shows them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands

from bots.commands.comparison import comparison_of
from bots.commands.help import COMMANDS
from bots.commands.story import Completion
from bots.controls import Control
from bots.core import Core
from bots.discord_bot.acts import Acts
from bots.discord_bot.answers import answer_of
from bots.discord_bot.complete_options import (
    DESCRIPTIONS,
    PROMPT_LIMIT,
    complete_signature,
    explain_signature,
    read_overrides,
)
from bots.discord_bot.identity import invocation_of
from bots.discord_bot.place import address_of
from bots.discord_bot.takedown import Takedown
from bots.discord_bot.writing import Writing
from bots.documents import check_size, read_prompt
from bots.insight.table import insight_lines
from config.errors import InvalidOptions

SUMMARIES = {spec.name: spec.summary for spec in COMMANDS}
AnyCommand = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group


class Commands:
    def __init__(self, core: Core, writing: Writing, acts: Acts, takedown: Takedown) -> None:
        self._core = core
        self._takedown = takedown
        self._writing = writing
        self._acts = acts

    def all(self) -> list[AnyCommand]:
        return [
            self._complete(),
            self._explain(),
            self._compare(),
            self._plain("status"),
            self._presets(),
            self._forget_me(),
            self._plain("help"),
            app_commands.ContextMenu(name="Complete this", callback=self._complete_this()),
            app_commands.ContextMenu(name="Regenerate this", callback=self._regenerate_this()),
        ]

    async def type(self, interaction: discord.Interaction, command: str, text: str = "") -> None:
        """Run a command as if it had been typed: the core reads it, and words the answer."""
        lines = await self._core.typed.run(invocation_of(interaction), command, text)
        await answer_of(interaction).say(*lines)

    def _complete(self) -> app_commands.Command[Any, ..., Any]:
        async def complete(interaction: discord.Interaction, completion: Completion, private: bool) -> None:
            await self._writing.complete(interaction, answer_of(interaction), completion, private)

        return self._of_prompt("complete", complete_signature(), complete)

    def _explain(self) -> app_commands.Command[Any, ..., Any]:
        async def explain(interaction: discord.Interaction, completion: Completion, private: bool) -> None:
            answer = answer_of(interaction)
            insight = await self._core.insight.explain(invocation_of(interaction), completion, answer.wait)
            await answer.show(await self._core.insight.picture(insight), *insight_lines(insight))

        return self._of_prompt("explain", explain_signature(), explain)

    def _of_prompt(
        self,
        name: str,
        signature: inspect.Signature,
        run: Callable[[discord.Interaction, Completion, bool], Awaitable[None]],
    ) -> app_commands.Command[Any, ..., Any]:
        """A command that takes a prompt and how to go on from it; what of that, its signature says."""

        async def read(interaction: discord.Interaction, **given: Any) -> None:
            completion = Completion(
                await self._prompt(given.get("prompt"), given.get("file")),
                read_overrides(given),
                given.get("preset"),
                given.get("model"),
                given.get("cut") is not False,
            )
            await run(interaction, completion, bool(given.get("private")))

        read.__signature__ = signature  # type: ignore[attr-defined]
        app_commands.describe(**{each: DESCRIPTIONS[each] for each in signature.parameters if each in DESCRIPTIONS})(
            read
        )
        callback: Any = read
        command: app_commands.Command[Any, ..., Any] = app_commands.Command(
            name=name, description=SUMMARIES[name], callback=callback
        )
        command.autocomplete("model")(self._suggest_models())
        command.autocomplete("preset")(self._suggest_presets(own=False))
        return command

    def _compare(self) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(
            prompt="The text to finish.",
            first="Options of the one side, such as temperature=0.3 or model=gpt2",
            second="Options of the other side.",
            private="Show the results to you alone.",
        )
        async def compare(
            interaction: discord.Interaction,
            prompt: app_commands.Range[str, 1, PROMPT_LIMIT],
            first: str | None = None,
            second: str | None = None,
            private: bool | None = None,
        ) -> None:
            given = comparison_of(prompt, first or "", second or "", bool(private))
            await self._writing.compare(interaction, answer_of(interaction), given)

        return app_commands.Command(name="compare", description=SUMMARIES["compare"], callback=compare)

    async def _prompt(self, typed: str | None, file: discord.Attachment | None) -> str:
        if file is None:
            return typed or ""
        if typed:
            raise InvalidOptions("Give me a prompt or a file, not both.", "prompt")
        check_size(file.filename, file.size, self._core.settings.limits.max_prompt_characters)
        return read_prompt(file.filename, await file.read())

    def _plain(self, name: str) -> app_commands.Command[Any, ..., Any]:
        async def run(interaction: discord.Interaction) -> None:
            await self.type(interaction, name)

        return app_commands.Command(name=name, description=SUMMARIES[name], callback=run)

    def _presets(self) -> app_commands.Group:
        group = app_commands.Group(name="presets", description=SUMMARIES["presets"])

        @group.command(name="list", description="List your presets and the server's.")
        async def list_(interaction: discord.Interaction) -> None:
            await self.type(interaction, "presets", "list")

        @group.command(description="Keep options under a name of your own.")
        @app_commands.describe(name="What to call it.", options="Such as temperature=1.2 top_k=0")
        async def save(interaction: discord.Interaction, name: str, options: str) -> None:
            await self.type(interaction, "presets", f"save {one_word(name)} {options}")

        @group.command(description="Delete one of your presets.")
        @app_commands.describe(name="Which one.")
        @app_commands.autocomplete(name=self._suggest_presets(own=True))
        async def delete(interaction: discord.Interaction, name: str) -> None:
            await self.type(interaction, "presets", f"delete {name}")

        return group

    def _forget_me(self) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(erase="Erase it all for good; left out, I only tell what there is.")
        async def forget_me(interaction: discord.Interaction, erase: bool = False) -> None:
            posted = await self._takedown.of_mine(invocation_of(interaction)) if erase else ()
            await self.type(interaction, "forget-me", "erase" if erase else "show")
            await self._takedown.forget(posted)

        return app_commands.Command(name="forget-me", description=SUMMARIES["forget-me"], callback=forget_me)

    def _complete_this(self) -> Any:
        async def complete_this(interaction: discord.Interaction, message: discord.Message) -> None:
            if not message.content.strip():
                raise InvalidOptions("That message holds no text that I could finish.")
            await self._writing.complete(interaction, answer_of(interaction), Completion(message.content))

        return complete_this

    def _regenerate_this(self) -> Any:
        async def regenerate_this(interaction: discord.Interaction, message: discord.Message) -> None:
            address = address_of(message.channel.id, message.id, "")
            post = await self._core.results.at(invocation_of(interaction), address)
            control = Control("again", post.request_id, post.sample or 0)
            await self._writing.derive(
                interaction, answer_of(interaction), control, self._acts.asks.of_control(control)
            )

        return regenerate_this

    def _suggest_models(self) -> Any:
        async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return choices(await self._core.suggestions.models(invocation_of(interaction), typed))

        return suggest

    def _suggest_presets(self, own: bool) -> Any:
        suggestions = self._core.suggestions
        find = suggestions.own_presets if own else suggestions.presets

        async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return choices(await find(invocation_of(interaction), typed))

        return suggest


def choices(names: tuple[str, ...]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=name, value=name) for name in names if len(name) <= 100]


def one_word(text: str) -> str:
    """A name with spaces is none; kept together it is refused as the name it is, not read as something else."""
    return "_".join(text.split())
