"""Pieces that need no Discord: what reactions are, names of threads, nonces, calls made again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest

from bots.controls import Control
from bots.discord_bot.modals import edit_modal
from bots.discord_bot.outlets import nonce_of
from bots.discord_bot.permissions import INVITE, lacking
from bots.discord_bot.reactions import ReactionCount, emoji_name
from bots.discord_bot.retrying import PAUSES_S, persist
from bots.discord_bot.thread_name import NAMELESS, thread_name
from config.errors import InvalidOptions


async def test_a_prompt_that_only_its_pictures_make_too_long_is_refused_before_discord_does() -> None:
    control = Control("edit", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert edit_modal(control, "🖋" * 2000).children
    with pytest.raises(InvalidOptions, match=r"^That prompt is 4,002 characters; a form takes 4,000\."):
        edit_modal(control, "🖋" * 2001)


def reaction(emoji: str = "🔁", user: int = 1) -> Any:
    return SimpleNamespace(message_id=5, user_id=user, emoji=discord.PartialEmoji.from_str(emoji))


def test_a_reaction_told_again_is_the_same_until_it_was_taken_back() -> None:
    count = ReactionCount()
    first = count.added(reaction())
    assert count.added(reaction()) == first
    assert count.added(reaction(user=2)) != first
    assert count.added(reaction("🎲")) != first
    count.removed(reaction())
    count.removed(reaction())
    second = count.added(reaction())
    assert second != first
    assert count.added(reaction()) == second


def test_each_process_counts_anew() -> None:
    assert ReactionCount().added(reaction()) != ReactionCount().added(reaction())


def test_taking_back_what_was_never_seen_is_no_trouble() -> None:
    count = ReactionCount()
    count.removed(reaction())
    assert " 0 " in count.added(reaction())


@pytest.mark.parametrize(
    "written", ["<:ink:1234567890123456>", "<a:ink:1234567890123456>", ":ink:1234567890123456", "ink:1234567890123456"]
)
def test_a_custom_emoji_has_one_name(written: str) -> None:
    assert emoji_name(written) == "ink:1234567890123456"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Once upon a time", "Once upon a time"),
        ("  two\nlines\t", "two lines"),
        ("\u202e\u200b", NAMELESS),
        ("word " * 40, "word word word word word word word word word word word word word word word…"),
        ("x" * 200, "x" * 79 + "…"),
        ("👩‍👩‍👧" * 40, "👩‍👩‍👧" * 15 + "…"),
    ],
)
def test_a_thread_is_called_as_its_prompt_begins(prompt: str, name: str) -> None:
    assert thread_name(prompt) == name
    assert 1 <= len(name) <= 100


def test_a_nonce_is_the_same_for_the_same_part_only() -> None:
    nonces = [nonce_of("01ABC", key, attempt) for key in ((None, 0), (0, 0), (0, 1), (1, 0)) for attempt in (0, 1)]
    assert len(set(nonces)) == 8
    assert nonce_of("01ABC", (0, 1)) == nonce_of("01ABC", (0, 1))
    assert all(len(nonce) <= 25 for nonce in nonces)


async def test_a_broken_connection_is_tried_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.discord_bot.retrying.PAUSES_S", (0.0, 0.0, 0.0))
    calls = 0

    async def call(good_at: int) -> int:
        nonlocal calls
        calls += 1
        if calls < good_at:
            raise aiohttp.ServerDisconnectedError
        return calls

    assert await persist(lambda: call(3)) == 3
    calls = 0
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await persist(lambda: call(99))
    assert calls == len(PAUSES_S) + 1


def test_the_invite_asks_for_what_is_used() -> None:
    assert INVITE.value == 309237763136
    assert lacking(INVITE, "view_channel", "send_messages", "send_messages_in_threads", "create_public_threads") == []
    assert lacking(discord.Permissions.none(), "send_messages") == ["Send Messages"]
