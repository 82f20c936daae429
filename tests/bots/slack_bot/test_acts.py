"""A double click is one click."""

from __future__ import annotations

from dataclasses import replace

from bots.slack_bot.acts import Clicks
from bots.slack_bot.deeds import Deed

DEED = Deed("1", "T1", "C1", "U1", message="1.2")


def test_two_clicks_at_once_are_one() -> None:
    clicks = Clicks()
    assert clicks.is_first(DEED, "again", 100.0)
    assert not clicks.is_first(DEED, "again", 100.4)
    assert clicks.is_first(DEED, "again", 102.0)


def test_the_same_click_told_again_is_one() -> None:
    clicks = Clicks()
    assert [clicks.is_first(DEED, "again", 100.0) for _ in range(3)] == [True, False, False]


def test_another_person_button_or_message_is_another() -> None:
    clicks = Clicks()
    assert clicks.is_first(DEED, "again", 100.0)
    assert clicks.is_first(replace(DEED, user="U2"), "again", 100.0)
    assert clicks.is_first(replace(DEED, message="1.3"), "again", 100.0)
    assert clicks.is_first(DEED, "continue", 100.0)
