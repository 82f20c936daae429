"""What people can and cannot do with Discord's client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord as dpy
import pytest
from discord import app_commands, ui

from tests.discord_world.parrot import Parrot, parrot_in
from tests.fakes.discord_world import Ack, FakeDiscord, File, NoAnswer, NotPossible, Permission
from tests.fakes.discord_world.guilds import Guild
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel

MANAGE = dpy.Permissions(manage_guild=True)
WORDS = ["apple", "apricot", "banana"]


class Vary(ui.Modal, title="Vary"):
    prompt: ui.TextInput[Any] = ui.TextInput(label="Prompt", default="Once", max_length=10)

    async def on_submit(self, interaction: dpy.Interaction[Any]) -> None:
        await interaction.response.send_message(f"varied {self.prompt.value}", ephemeral=True)


class Board(ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.button(label="Vary", emoji="🎲", custom_id="vary")
    async def vary(self, interaction: dpy.Interaction[Any], button: ui.Button[Any]) -> None:
        await interaction.response.send_modal(Vary())

    @ui.button(label="Spent", custom_id="spent", disabled=True)
    async def spent(self, interaction: dpy.Interaction[Any], button: ui.Button[Any]) -> None: ...

    @ui.select(placeholder="Pick", custom_id="pick", options=[dpy.SelectOption(label=word) for word in WORDS])
    async def pick(self, interaction: dpy.Interaction[Any], menu: ui.Select[Any]) -> None:
        await interaction.response.edit_message(content=f"picked {menu.values[0]}", view=None)


class Juggler(Parrot):
    """Has one of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.tree.add_command(read)
        self.tree.add_command(board)
        self.tree.add_command(silent)
        self.tree.add_command(secret)
        self.tree.add_command(anywhere)
        group = app_commands.Group(name="config", description="Settings", default_permissions=MANAGE)
        group.command(name="set", description="Change one")(change)
        self.tree.add_command(group)
        self.tree.add_command(app_commands.ContextMenu(name="Count letters", callback=count))

    async def setup_hook(self) -> None:
        self.add_view(Board())
        await super().setup_hook()


@app_commands.command(description="Read a file")
async def read(interaction: dpy.Interaction[Any], file: dpy.Attachment, whom: dpy.Member | None = None) -> None:
    text = (await file.read()).decode()
    await interaction.response.send_message(f"{file.filename}: {text} for {whom.name if whom else 'all'}")


@app_commands.command(description="Show buttons")
async def board(interaction: dpy.Interaction[Any]) -> None:
    await interaction.response.send_message("board", view=Board())


@app_commands.command(description="Say nothing")
async def silent(interaction: dpy.Interaction[Any]) -> None: ...


@app_commands.command(description="Work anywhere")
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=True)
async def anywhere(interaction: dpy.Interaction[Any]) -> None:
    await interaction.response.send_message("here")


@app_commands.command(description="Only for you")
async def secret(interaction: dpy.Interaction[Any]) -> None:
    await interaction.response.send_message("psst", ephemeral=True, view=Board())


async def change(interaction: dpy.Interaction[Any], key: str, value: app_commands.Range[float, 0, 2] = 1) -> None:
    await interaction.response.send_message(f"{key}={value}")


async def complete_key(interaction: dpy.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=word, value=word) for word in WORDS if word.startswith(typed)]


change = app_commands.autocomplete(key=complete_key)(change)


async def count(interaction: dpy.Interaction[Any], message: dpy.Message) -> None:
    await interaction.response.send_message(f"{len(message.content)} letters")


Scene = tuple[FakeDiscord, Guild, Channel, Member]


@asynccontextmanager
async def juggling() -> AsyncIterator[Scene]:
    async with FakeDiscord.open() as discord:
        guild = discord.add_guild()
        channel = guild.add_channel()
        async with parrot_in(discord, Juggler()):
            yield discord, guild, channel, guild.add_member("Ada")
        assert discord.violations == []


async def test_files_and_people_can_be_given() -> None:
    async with juggling() as (_, guild, channel, ada):
        bob = guild.add_member("Bob")
        shown = await ada.slash(channel, "read", file=File("a.txt", b"hello"), whom=bob)
        assert shown.text == "a.txt: hello for bob"
        assert shown.ack is Ack.MESSAGE
        assert not shown.ephemeral


async def test_options_are_checked_before_they_are_sent() -> None:
    async with juggling() as (discord, guild, channel, ada):
        boss = guild.add_member("Boss", Permission.MANAGE_GUILD)
        for person, command, given, reason in (
            (ada, "repeat", {}, "'words' is required"),
            (ada, "repeat", {"words": "a", "often": 2}, "no option 'often'"),
            (ada, "repeat", {"words": "a", "times": 6}, "value of 1 to 5, not 6"),
            (ada, "repeat", {"words": "a", "times": "2"}, "takes no str"),
            (ada, "repeat", {"words": 5}, "takes no int"),
            (ada, "unheard", {}, "registered no command “unheard”"),
            (boss, "config", {}, "needs a subcommand"),
            (boss, "config get", {}, "no subcommand 'get'"),
            (boss, "config set", {"key": "a", "value": 2.5}, "value of 0.0 to 2.0, not 2.5"),
        ):
            with pytest.raises(NotPossible, match=reason):
                await person.slash(channel, command, **given)
        assert len(discord.world.interactions) == 0


async def test_commands_are_offered_to_whom_they_are_for() -> None:
    async with juggling() as (_, guild, channel, ada):
        with pytest.raises(NotPossible, match="asks for permissions"):
            await ada.slash(channel, "config set", key="a")
        boss = guild.add_member("Boss", Permission.MANAGE_GUILD)
        assert (await boss.slash(channel, "config set", key="a", value=1.5)).text == "a=1.5"
        guild.open_command("config")
        assert (await ada.slash(channel, "config set", key="a")).text == "a=1"
        channel.overwrite(guild.everyone, deny=Permission.USE_APPLICATION_COMMANDS)
        with pytest.raises(NotPossible, match="no permission to use commands"):
            await ada.slash(channel, "board")
        channel.overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
        with pytest.raises(NotPossible):
            await ada.slash(channel, "board")


async def test_autocomplete() -> None:
    async with juggling() as (_, guild, channel, _ada):
        boss = guild.add_member("Boss", Permission.ADMINISTRATOR)
        shown = await boss.autocomplete(channel, "config set", "key", "ap")
        assert shown.choices == ["apple", "apricot"]
        with pytest.raises(NotPossible, match="'value' has no autocomplete"):
            await boss.autocomplete(channel, "config set", "value", "1")


async def test_context_menus_see_the_whole_message() -> None:
    async with juggling() as (_, _guild, channel, ada):
        message = await ada.say(channel, "seven!!")
        assert (await ada.context_menu(message, "Count letters")).text == "7 letters"


async def test_buttons_open_modals_that_keep_what_is_not_changed() -> None:
    async with juggling() as (_, _guild, channel, ada):
        shown = await ada.slash(channel, "board")
        asked = await ada.click(shown.message, "Vary")
        assert asked.ack is Ack.MODAL
        assert asked.modal.title == "Vary"
        assert [field["value"] for field in asked.modal.inputs.values()] == ["Once"]
        kept = await ada.submit(asked.modal)
        assert (kept.text, kept.ephemeral) == ("varied Once", True)
        again = await ada.click(shown.message, "🎲 Vary")
        assert (await ada.submit(again.modal, {"Prompt": "Twice"})).text == "varied Twice"
        third = await ada.click(shown.message, "🎲")
        for values, reason in (
            ({"Prompt": ""}, "is required"),
            ({"Prompt": "x" * 11}, "0 to 10 characters, not 11"),
            ({"Seed": "1"}, "no field 'Seed'; it has \\['Prompt'\\]"),
        ):
            with pytest.raises(NotPossible, match=reason):
                await ada.submit(third.modal, values)


async def test_menus_and_what_cannot_be_clicked() -> None:
    async with juggling() as (_, _guild, channel, ada):
        message = (await ada.slash(channel, "board")).message
        with pytest.raises(NotPossible, match="“Spent” is disabled"):
            await ada.click(message, "Spent")
        with pytest.raises(NotPossible, match="no “Delete”; it has 'Vary', 'Spent'"):
            await ada.click(message, "Delete")
        with pytest.raises(NotPossible, match="no 'cherry'"):
            await ada.select(message, "Pick", "cherry")
        with pytest.raises(NotPossible, match="takes 1 to 1 choices, not 2"):
            await ada.select(message, "Pick", "apple", "banana")
        shown = await ada.select(message, "Pick", "banana")
        assert (shown.ack, message.content, message.buttons) == (Ack.UPDATE, "picked banana", [])
        await ada.delete(message)
        with pytest.raises(NotPossible, match="was deleted"):
            await ada.click(message, "Vary")


async def test_ephemeral_messages_belong_to_one() -> None:
    async with juggling() as (_, guild, channel, ada):
        shown = await ada.slash(channel, "secret")
        assert channel.messages == []
        assert (await ada.click(shown.message, "Vary")).modal
        with pytest.raises(NotPossible, match="Bob does not see this message"):
            await guild.add_member("Bob").click(shown.message, "Vary")


async def test_no_answer_is_told_as_soon_as_the_clock_says_so() -> None:
    async with juggling() as (discord, _guild, channel, ada):
        asking = asyncio.create_task(ada.slash(channel, "silent"))
        await discord.until(lambda: discord.world.interactions)
        discord.advance(3.5)
        with pytest.raises(NoAnswer, match="The application did not respond"):
            await asking


async def test_commands_work_inside_threads() -> None:
    async with juggling() as (discord, _guild, channel, ada):
        shown = await ada.slash(channel, "repeat", words="hi")
        thread = await discord.until(lambda: shown.message.thread)
        inside = await ada.slash(thread, "board")
        assert inside.message in thread.messages
        assert (await ada.click(inside.message, "Vary")).modal


async def test_direct_messages_have_no_server() -> None:
    async with juggling() as (discord, _guild, _channel, ada):
        direct = discord.direct_channel(ada.user)
        shown = await ada.slash(direct, "board")
        assert (await ada.click(shown.message, "Vary")).modal
        assert direct.messages == [shown.message]


async def test_where_the_bot_is_no_member_only_commands_for_users_work() -> None:
    async with juggling() as (discord, _guild, _channel, ada):
        elsewhere = discord.add_guild("Elsewhere", has_bot=False)
        lobby = elsewhere.add_channel("lobby")
        bob = elsewhere.add_member("Bob")
        assert (await bob.slash(lobby, "anywhere")).text == "here"
        with pytest.raises(NotPossible, match="the bot is not in this server"):
            await bob.slash(lobby, "board")
        with pytest.raises(NotPossible, match="not for direct messages"):
            await ada.slash(discord.direct_channel(ada.user), "anywhere")
        with pytest.raises(NotPossible, match="the channel is not to be seen"):
            await ada.slash(lobby, "anywhere")


async def test_settling_waits_for_everything_under_way() -> None:
    async with juggling() as (discord, _guild, channel, ada):
        shown = await ada.slash(channel, "repeat", words="hi", times=3)
        await discord.settle()
        assert shown.message.thread is not None
        assert [message.content for message in shown.message.thread.messages] == ["hihihi"]
        assert len(discord.ack_seconds) == 1
        assert max(discord.ack_seconds) < 3
