from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from bots.discord_bot.components import Control, button_row, is_ours, read_control
from bots.views import Action

CONTROLS = st.builds(
    Control,
    st.sampled_from(get_args(Action)),
    st.builds(lambda: str(ULID())),
    st.integers(0, 31),
    st.booleans(),
)


@given(CONTROLS)
def test_an_id_carries_everything(control: Control) -> None:
    assert read_control(control.custom_id) == control
    assert len(control.custom_id) <= 100
    assert is_ours(control.custom_id)


@pytest.mark.parametrize(
    "custom_id", ["", "inkling", "other:again:1:0", "inkling:sing:1:0", "inkling:again:1:x", "inkling:again:1:0:p:q"]
)
def test_other_ids_are_none_of_ours(custom_id: str) -> None:
    assert read_control(custom_id) is None


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
