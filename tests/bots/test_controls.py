from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from bots.controls import Control, is_ours, read_control
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
