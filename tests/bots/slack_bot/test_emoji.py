from __future__ import annotations

import pytest

from bots.actions import action_of_emoji
from bots.slack_bot.emoji import name_of, sign_of


@pytest.mark.parametrize(
    ("emoji", "name"),
    [
        ("🔁", "repeat"),
        (":repeat:", "repeat"),
        ("repeat", "repeat"),
        ("▶️", "arrow_forward"),
        ("🎲", "game_die"),
        (":our_own:", "our_own"),
        ("🐙", "octopus"),
        (":wave::skin-tone-2:", "wave"),
    ],
)
def test_an_emoji_has_a_name(emoji: str, name: str) -> None:
    assert name_of(emoji) == name


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("repeat", "again"),
        ("arrow_forward", "continue"),
        ("black_square_for_stop", "stop"),
        ("wastebasket", "delete"),
        ("tada", None),
    ],
)
def test_the_legend_is_known_by_name(name: str, action: str | None) -> None:
    assert action_of_emoji(sign_of(name), sign_of(name_of("🔁"))) == action
