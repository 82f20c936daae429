from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from bots.actions import ACTIONS, action_of_emoji, message_actions, more_actions
from bots.presenter import present
from bots.views import Action, ResultView
from config.sampling import SamplingOptions
from tests.fakes.records import make_finished_sample, make_request


def view(samples: int = 1, **changes: object) -> ResultView:
    record = make_request(status="done", options=SamplingOptions(samples=samples, seed=1), **changes)
    return present(record, [make_finished_sample(record, index) for index in range(samples)])


def test_every_action_has_its_words() -> None:
    assert set(ACTIONS) == set(get_args(Action))


def test_an_open_result_can_only_be_stopped() -> None:
    assert message_actions(replace(view(), actions=("stop",))) == ("stop",)


def test_a_row_and_what_is_behind_it() -> None:
    assert message_actions(view()) == ("again", "continue", "vary", "more")
    assert message_actions(view(3)) == ("again", "pick", "vary", "more")
    assert more_actions(view()) == ("same_seed", "edit", "story", "file", "undo", "delete")


def test_a_row_has_at_most_five_with_probabilities() -> None:
    full = replace(view(2), actions=get_args(Action)[1:])
    assert message_actions(full) == ("again", "pick", "vary", "why", "more")
    assert len(more_actions(full)) == 6


@pytest.mark.parametrize(
    ("emoji", "action"),
    [("🔁", "again"), ("▶️", "continue"), ("▶", "continue"), ("⏹️", "stop"), ("🗑️", "delete"), ("🙂", None)],
)
def test_reactions_mean_actions(emoji: str, action: Action | None) -> None:
    assert action_of_emoji(emoji, "🔁") == action


def test_the_servers_own_emoji_comes_first() -> None:
    assert action_of_emoji("🗑️", "🗑") == "again"
    assert action_of_emoji("🔁", "ink:123") is None
    assert action_of_emoji("ink:123", "ink:123") == "again"
