"""/config and its like: who may, what it does, and that servers see nothing of each other."""

from __future__ import annotations

import json

import pytest

from tests.fakes.discord_bot import running_bot
from tests.fakes.discord_world import File, NotPossible, Permission
from tests.fakes.discord_world.asking import ask
from tests.fakes.discord_world.interactions import Asked
from tests.fakes.discord_world.options import command_data
from tests.fakes.discord_world.people import Member
from tests.fakes.discord_world.places import Channel
from tests.fakes.discord_world.shown import Shown
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import Wonderland, wonderland

REFUSED = "Only people who may manage this server can change its settings."


async def told(world: Wonderland, who: Member, command: str, where: Channel | None = None, **given: object) -> str:
    shown = await who.slash(where or world.general, command, **given)
    await world.discord.settle(0.2)
    assert shown.ephemeral
    return shown.text


async def force(world: Wonderland, who: Member, command: str, **given: object) -> Shown:
    """Send a command that Discord's client would not offer."""
    found = world.discord.commands.find(world.guild.id, command.split()[0], 1)
    data = command_data(world.discord.world, found, command.split()[1:], given)
    shown = Shown(await ask(Asked.COMMAND, who.user, world.general, data))
    await world.discord.settle(0.2)
    return shown


async def test_an_admin_sets_a_default_that_holds_at_once() -> None:
    async with wonderland() as world, running_bot(world.discord):
        answer = await told(world, world.admin, "config set", setting="temperature", value="0.3")
        assert answer == "temperature is now 0.3. It holds from the next request on."
        assert "temperature: 0.3" in await told(world, world.admin, "config show", setting="temp")
        await world.asked()
        assert "temperature 0.3" in world.general.messages[-1].content
        assert "set temperature 0.3" in await told(world, world.admin, "config audit")
        assert "first" in await told(world, world.admin, "config reset", setting="temperature")
        assert "as built in" in await told(world, world.admin, "config show", setting="temp")


async def test_a_mistake_is_told_in_one_sentence() -> None:
    async with wonderland() as world, running_bot(world.discord):
        answer = await told(world, world.admin, "config set", setting="temprature", value="1")
        assert answer == 'There is no setting "temprature" here. Did you mean temperature?'
        answer = await told(world, world.admin, "config set", setting="max_length", value="0")
        assert answer.startswith("ceilings.length must be at least 1") or "at least 1" in answer


async def test_ceilings_are_told_with_the_result() -> None:
    async with wonderland() as world, running_bot(world.discord):
        await told(world, world.admin, "config set", setting="max_length", value="4")
        (answer,) = await world.asked(length=50)
        assert "4 tokens" in answer.content
        assert "length 50 → 4 (this server's ceiling)" in world.general.messages[-1].content


async def test_rules_of_a_channel_a_role_and_a_person() -> None:
    async with wonderland() as world, running_bot(world.discord):
        other = world.guild.add_channel("other")
        role = world.guild.add_role("Noisy")
        cy = world.guild.add_member("Cy", roles=(role,))
        await told(world, world.admin, "config channel set", channel=other, setting="length", value="2")
        await world.ada.slash(other, "complete", prompt="Once")
        await world.discord.settle(0.2)
        await world.discord.until(lambda: other.threads and "2 tokens" in other.threads[0].messages[-1].content)
        await told(world, world.admin, "config role deny", role=role)
        assert await told(world, cy, "complete", prompt="x") == "An admin has turned Inkling off for you here."
        await told(world, world.admin, "config role clear", role=role)
        await told(world, world.admin, "config user deny", user=world.bob)
        assert await told(world, world.bob, "complete", prompt="x") == "An admin has turned Inkling off for you here."
        await told(world, world.admin, "config channel deny", channel=other)
        assert await told(world, cy, "complete", other, prompt="x") == "Inkling is turned off in this channel."
        await told(world, world.admin, "config channel reset", channel=other)
        await told(world, world.admin, "config channel clear", channel=other)
        assert await force_ok(world, cy, other)


async def force_ok(world: Wonderland, who: Member, where: Channel) -> bool:
    before = len(where.threads)
    await who.slash(where, "complete", prompt="x", length=2)
    await world.discord.settle(0.2)
    return len(where.threads) == before + 1


async def test_a_channels_rules_hold_in_its_threads() -> None:
    async with wonderland() as world, running_bot(world.discord):
        (first,) = await world.asked()
        await told(world, world.admin, "config channel deny", channel=world.general)
        assert (
            await told(world, world.ada, "complete", world.thread, prompt="x")
            == "Inkling is turned off in this channel."
        )
        shown = await world.ada.click(first, "Again")
        await world.discord.settle(0.2)
        assert shown.followups[0].content == "Inkling is turned off in this channel."
        await world.ada.react(first, "🔁")
        await world.discord.settle(0.2)
        assert len(world.answers) == 1


COMMANDS: list[tuple[str, dict[str, object]]] = [
    ("config show", {}),
    ("config set", {"setting": "temperature", "value": "1"}),
    ("config reset", {}),
    ("config preset save", {"name": "x", "options": "top_k=1"}),
    ("config preset delete", {"name": "x"}),
    ("config export", {}),
    ("config import", {"text": "{}"}),
    ("config audit", {}),
]


@pytest.mark.parametrize(("command", "given"), COMMANDS, ids=[command for command, _ in COMMANDS])
async def test_others_are_not_offered_it_and_refused_when_they_come_all_the_same(
    command: str, given: dict[str, object]
) -> None:
    async with wonderland() as world, running_bot(world.discord):
        with pytest.raises(NotPossible):
            await world.bob.slash(world.general, command, **given)
        assert (await force(world, world.bob, command, **given)).text == REFUSED
        assert await told(world, world.admin, "config audit") == "Nobody has changed a setting yet."


async def test_others_cannot_judge_people_and_places() -> None:
    async with wonderland() as world, running_bot(world.discord):
        role = world.guild.add_role("Noisy")
        for kind, thing in (("channel", world.general), ("role", role), ("user", world.ada)):
            for verdict in ("allow", "deny", "clear"):
                assert (await force(world, world.bob, f"config {kind} {verdict}", **{kind: thing})).text == REFUSED
        assert (await force(world, world.bob, "config channel reset", channel=world.general)).text == REFUSED


async def test_settings_travel_as_a_file() -> None:
    async with wonderland() as world, running_bot(world.discord):
        await told(world, world.admin, "config set", setting="cooldown_s", value="5")
        shown = await world.admin.slash(world.general, "config export")
        await world.discord.settle(0.2)
        (file,) = shown.message.attachments
        assert json.loads(file.content) == {"cooldown_s": 5.0}
        await told(world, world.admin, "config reset")
        exported = File("inkling-settings.json", file.content)
        assert (
            await told(world, world.admin, "config import", file=exported)
            == "Imported. The settings are exactly those now."
        )
        assert r"cooldown\_s: 5.0" in await told(world, world.admin, "config show", setting="cooldown")


async def test_presets_of_ones_own_and_of_the_server() -> None:
    async with wonderland() as world, running_bot(world.discord):
        await told(world, world.ada, "presets save", name="poem", options="length=3 temperature=1.5")
        await told(world, world.admin, "config preset save", name="prose", options="length=2")
        assert "poem: temperature 1.5 · length 3" in (await told(world, world.ada, "presets list")).replace("\\", "")
        assert "poem" not in await told(world, world.bob, "presets list")
        suggested = await world.ada.autocomplete(world.general, "complete", "preset", "p")
        assert suggested.choices == ["poem", "prose"]
        await world.ada.slash(world.general, "complete", prompt="Once", preset="poem")
        await world.discord.settle(0.2)
        await world.discord.until(lambda: world.ended())
        assert "3 tokens" in world.answers[-1].content
        await told(world, world.ada, "presets delete", name="poem")
        assert "There is no preset" in await told(world, world.ada, "complete", prompt="x", preset="poem")


async def test_names_are_suggested() -> None:
    async with wonderland() as world, running_bot(world.discord):
        models = await world.ada.autocomplete(world.general, "complete", "model", "ec")
        assert models.choices == ["echo"]
        settings = await world.admin.autocomplete(world.general, "config set", "setting", "cool")
        assert settings.choices == ["cooldown_s"]


async def test_servers_see_nothing_of_each_other() -> None:
    async with wonderland() as world, running_bot(world.discord):
        other = world.discord.add_guild("Oz")
        square = other.add_channel("square")
        wizard = other.add_member("Wizard", Permission.MANAGE_GUILD)
        ada_there = other.add_member(world.ada.user)
        await told(world, world.admin, "config set", setting="length", value="3")
        await told(world, world.ada, "presets save", name="poem", options="length=3")
        assert "length: 60 (as built in)" in await told(world, wizard, "config show", square, setting="length")
        assert await told(world, wizard, "config audit", square) == "Nobody has changed a setting yet."
        assert "no presets yet" in await told(world, ada_there, "presets list", square)
        (first,) = await world.asked()
        foreign = dict(first.buttons[0])
        await ada_there.slash(square, "complete", prompt="Twice", length=2)
        await world.discord.settle(0.2)
        await world.discord.until(lambda: square.threads and square.threads[0].messages)
        there = square.threads[0].messages[0]
        shown = Shown(
            await ask(
                Asked.COMPONENT,
                ada_there.user,
                there.channel,
                {"custom_id": foreign["custom_id"], "component_type": 2, "id": 1},
                there,
            )
        )
        await world.discord.settle(0.2)
        assert shown.followups[0].content.startswith("I no longer have that result")


async def test_status_help_and_forget_me() -> None:
    async with wonderland() as world, running_bot(world.discord):
        await world.asked()
        assert "echo: ready" in await told(world, world.ada, "status")
        shown = await world.ada.slash(world.general, "help")
        await world.discord.settle(0.2)
        text = shown.text or shown.message.attachments[0].content.decode()
        assert "complete" in text
        assert "I keep 1 of your requests" in await told(world, world.ada, "forget-me")
        assert "Erased 1 of your requests" in await told(world, world.ada, "forget-me", erase=True)
        assert await told(world, world.ada, "forget-me") == "I keep nothing about you here."


async def test_what_is_forgotten_is_taken_down() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await world.asked(samples=2)
        await world.bob.click(world.answers[0], "Again")
        await bot.finished()
        thread = world.thread
        assert len(thread.messages) == 4
        await told(world, world.ada, "forget-me", erase=True)
        await bot.finished()
        assert world.general.messages == []
        assert len(thread.messages) == 2, "what Bob asked for stays"


async def test_what_is_forgotten_while_it_is_written_leaves_nothing() -> None:
    backend = GatedBackend()
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="my secret", length=400)
        run = await backend.next_run()
        run.say(*[f" word{number}" for number in range(600)])
        await world.discord.until(lambda: (newest := world.newest()) and "word" in newest.content)
        await told(world, world.ada, "forget-me", erase=True)
        await bot.finished()
        assert world.answers == []
        assert world.general.messages == []
        assert world.thread.name == "Inkling", "its name was the prompt"


async def test_a_broken_connection_leaves_nothing_of_what_is_forgotten() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await world.asked(samples=2)
        world.discord.faults.drop("DELETE /channels*", times=1)
        await told(world, world.ada, "forget-me", erase=True)
        await bot.finished()
        assert world.discord.faults.struck
        assert world.answers == world.general.messages == []


async def test_a_file_as_prompt() -> None:
    async with wonderland() as world, running_bot(world.discord):
        story = File("story.txt", b"Es war einmal\n")
        await world.ada.slash(world.general, "complete", file=story, length=3)
        await world.discord.settle(0.2)
        await world.discord.until(lambda: world.ended())
        assert world.answers[0].content.startswith("**Es war einmal** ")
        picture = File("cat.png", b"\x89PNG", "image/png")
        assert (await told(world, world.ada, "complete", file=picture)).startswith("cat.png is not text in UTF-8")
        both = await told(world, world.ada, "complete", file=story, prompt="x")
        assert both == "Give me a prompt or a file, not both."
        assert await told(world, world.ada, "complete") == "The prompt is empty; write some text for me to finish."


async def test_the_emoji_is_the_servers_own() -> None:
    async with wonderland() as world, running_bot(world.discord) as bot:
        await told(world, world.admin, "config set", setting="regenerate_emoji", value="🎲")
        (first,) = await world.asked()
        assert world.discord.bot in first.reactions["🎲"]
        await world.bob.react(first, "🔁")
        await bot.finished()
        assert len(world.answers) == 1
        await world.bob.react(first, "🎲")
        await bot.finished()
        assert len(world.answers) == 2
        await told(world, world.admin, "config set", setting="regenerate_by", value="requester")
        await world.bob.react(first, "🎲")
        shown = await world.bob.click(first, "Again")
        await bot.finished()
        assert "rule here" in shown.followups[0].content
        assert len(world.answers) == 2
