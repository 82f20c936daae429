from __future__ import annotations

from bots.controls import Control
from bots.discord_bot.components import button_row


async def test_a_row_is_not_kept_in_memory() -> None:
    view = button_row([Control("again", "1"), Control("more", "1"), Control("delete", "1")])
    assert view is not None
    assert view.is_finished()
    (row,) = view.to_components()
    again, more, delete = row["components"]
    assert (again["label"], again["emoji"]["name"]) == ("Again", "🔁")
    assert (more["label"], more.get("emoji")) == ("⋯ More", None)
    assert delete["style"] == 4


def test_no_buttons_no_row() -> None:
    assert button_row([]) is None
