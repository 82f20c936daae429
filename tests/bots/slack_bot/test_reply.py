"""How often a result may be shown anew."""

from __future__ import annotations

from weakref import WeakSet

import pytest

from bots.posts import Posts
from bots.slack_bot.front import SlackFront
from bots.slack_bot.place import Place, read_place
from bots.slack_bot.reply import LEAST_INTERVAL_S, MOST_INTERVAL_S, PER_REPLY_S, SlackReply
from bots.slack_bot.workspaces import Workspaces, workspace_of
from tests.fakes.records import make_request
from tests.fakes.worlds import stored

HERE = Place(layout="thread", channel="C1", user="U1")


async def test_results_of_a_workspace_share_its_edits() -> None:
    async with stored() as store:
        front = SlackFront(Workspaces(store, "http://127.0.0.1:9/api"), Posts(store))
        alone = front.reply(workspace_of("T1"), HERE)
        elsewhere = front.reply(workspace_of("T2"), HERE)
        assert alone.min_interval_s == LEAST_INTERVAL_S
        others = [front.reply(workspace_of("T1"), HERE) for _ in range(4)]
        assert alone.min_interval_s == pytest.approx(5 * PER_REPLY_S)
        assert elsewhere.min_interval_s == LEAST_INTERVAL_S
        del others
        crowd = [front.reply(workspace_of("T1"), HERE) for _ in range(100)]
        assert {each.min_interval_s for each in crowd} == {MOST_INTERVAL_S}


async def test_who_has_ended_counts_no_longer() -> None:
    async with stored() as store:
        live: WeakSet[SlackReply] = WeakSet()
        reply = SlackReply(Workspaces(store, "http://x"), Posts(store), workspace_of("T1"), HERE, live)
        assert list(live) == [reply]
        del reply
        assert list(live) == []


async def test_a_place_is_found_again_by_what_was_kept_of_it() -> None:
    async with stored() as store:
        front = SlackFront(Workspaces(store, "http://x"), Posts(store))
        place = Place(layout="reply", channel="C1", user="U1", thread="1.2")
        record = make_request(workspace=workspace_of("T1"), reply_ref=place.write())
        assert front.reopen(record).place == place
        assert read_place(None, "C1", "U1") == HERE
