from __future__ import annotations

import pytest

from bots.discord_bot.place import Place, address_of, read_address, read_place
from bots.discord_bot.placing import beside

PLACE = Place(layout="thread", channel=7, user=9, thread=8)


def test_is_kept_as_text() -> None:
    assert read_place(PLACE.write(), "1", "2") == PLACE


def test_what_a_later_version_adds_is_no_trouble() -> None:
    assert read_place('{"layout":"thread","channel":7,"user":9,"thread":8,"colour":"red"}', "1", "2") == PLACE


def test_without_one_it_is_the_channel() -> None:
    assert read_place(None, "7", "9") == Place(layout="channel", channel=7, user=9)


@pytest.mark.parametrize(
    ("origin", "channel"), [(PLACE, 8), (Place(layout="channel", channel=7, user=9), 7)], ids=["thread", "channel"]
)
def test_what_comes_of_a_result_is_beside_it(origin: Place, channel: int) -> None:
    assert beside(origin, 3, 5) == Place(layout="reply", channel=channel, user=3, reply_to=5)


@pytest.mark.parametrize("channel", [5, None])
def test_addresses_come_back(channel: int | None) -> None:
    assert read_address(address_of(channel, 6, "01ABC")) == (channel, 6)
