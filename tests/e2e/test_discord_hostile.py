"""Texts that try to ping, to break out, to get lost."""

from __future__ import annotations

import re
from functools import partial

import pytest

from tests.fakes.discord_bot import running_bot
from tests.fakes.discord_world import File, Permission
from tests.fakes.discord_world.messages import Message
from tests.fakes.gated_backend import GatedBackend
from tests.fakes.wonderland import Wonderland, is_ended, wonderland

NASTY = [
    "@everyone @here <@1> <@!2> <@&3> <#4> </complete:5> <t:1:R> <:a:6>",
    "**bold** __under__ ~~gone~~ ||spoiler|| `code` *it* _it_",
    "# head\n## head\n-# small\n> quote\n>>> all\n- item\n* item\n1. item",
    "[click](https://evil.example) https://example.com/a_b_c?d=e",
    "emoji 🖋️👩‍👩‍👧🏳️‍🌈 astral 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "rtl \u202eevil\u202c \u2067isolate\u2069 \u200f mark שלום",
    "\\ \\\\ \\* \\@everyone",
    "zalgo a" + "\u0301" * 40,
    "tab\tand   spaces\n\n\n\nand lines",
]


async def written(world: Wonderland, text: str, prompt: str = "Say", **given: object) -> list[Message]:
    """What is in the thread when the model has written this."""
    backend = GatedBackend(text=text)
    async with running_bot(world.discord, backend) as bot:
        options = {"prompt": prompt, **given} if "file" not in given else given
        await world.ada.slash(world.general, "complete", **options)
        await bot.finished()
        await world.discord.until(lambda: any(map(is_ended, world.answers)))
    return world.answers


def read(world: Wonderland, messages: list[Message]) -> str:
    """As people see it, without small print and space."""
    shown = []
    for message in messages:
        kept = "\n".join(line for line in message.content.split("\n") if not line.startswith("-# "))
        copy = Message(message.channel, message.id, message.author, kept)
        shown.append(world.discord.visible_text(copy))
    return squeezed("".join(shown))


def squeezed(text: str) -> str:
    return re.sub(r"\s|\u200b", "", text)


@pytest.mark.parametrize("text", NASTY)
async def test_is_shown_as_it_is_and_means_nothing(text: str) -> None:
    async with wonderland() as world:
        (answer,) = await written(world, text, prompt=text)
        assert read(world, [answer]) == squeezed(text + text)
        assert read(world, world.general.messages) == squeezed(text)


async def test_names_mean_nothing_either() -> None:
    async with wonderland() as world:
        world.ada = world.guild.add_member("**@everyone** <@&1>")
        await written(world, "x")
        assert r"for \@\*\*\@everyone\*\* \<\@&1>" in world.general.messages[0].content


async def test_a_code_block_over_several_messages_holds_in_each() -> None:
    code = "Look:\n```py\n" + "".join(f"print({number}, '*not bold*')\n" for number in range(150)) + "```\nDone."
    async with wonderland() as world:
        answers = await written(world, code, length=400)
        assert len(answers) == 3
        assert all(message.content.count("```") % 2 == 0 for message in answers)
        assert read(world, answers) == squeezed("Say" + code.replace("```py", "").replace("```", ""))


async def test_six_thousand_characters_are_four_messages() -> None:
    text = " ".join(f"word{number}" for number in range(600))
    async with wonderland() as world:
        answers = await written(world, text)
        assert 1 < len(answers) <= 4
        assert read(world, answers) == squeezed("Say" + text)
        assert [is_ended(message) for message in answers] == [False] * (len(answers) - 1) + [True]


async def test_twenty_thousand_characters_are_a_file() -> None:
    text = "@everyone 𝔘 " * 1700
    async with wonderland() as world:
        answers = await written(world, text)
        (file,) = answers[-1].attachments
        assert file.content.decode() == "Say" + text
        assert squeezed("Say" + text).startswith(read(world, answers))


async def test_without_leave_to_attach_files_the_text_is_still_to_be_had() -> None:
    text = "word " * 2000
    async with wonderland() as world:
        world.general.overwrite(world.guild.me, deny=Permission.ATTACH_FILES)
        answers = await written(world, text)
        # Discord asks for the right when a message is posted, maybe not when a file comes with an edit.
        assert answers[-1].attachments or "I lack Attach Files here" in answers[-1].content


async def test_a_prompt_of_twenty_thousand_characters_is_kept_whole() -> None:
    prompt = "a long @everyone story " * 870
    async with wonderland() as world:
        answers = await written(world, " end", file=File("story.txt", prompt.encode()), cut=True)
        (root,) = world.general.messages
        (file,) = root.attachments
        assert file.content.decode() == prompt
        assert read(world, answers).endswith("storyend")


async def test_text_that_cannot_be_seen_is_no_empty_message() -> None:
    async with wonderland() as world:
        (answer,) = await written(world, "\n \u200b\n", prompt="\u200b.")
        assert is_ended(answer)


def has_newest(world: Wonderland, word: str) -> bool:
    newest = world.newest()
    return newest is not None and word in newest.content


async def test_streams_of_many_messages_lose_nothing() -> None:
    backend = GatedBackend()
    words = [f" word{number}" for number in range(600)]
    async with wonderland() as world, running_bot(world.discord, backend) as bot:
        await world.ada.slash(world.general, "complete", prompt="Say", length=400)
        run = await backend.next_run()
        for start in range(0, 600, 200):
            run.say(*words[start : start + 200])
            last = words[start + 199].strip()
            await world.discord.until(partial(has_newest, world, last))
        run.finish()
        run.end()
        await bot.finished()
        whole = squeezed("Say" + "".join(words))
        file = world.answers[-1].attachments
        assert read(world, world.answers) == whole or file[0].content.decode() == "Say" + "".join(words)
