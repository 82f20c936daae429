"""Whom Slack calls an admin, and what is done when it doesn't say."""

from __future__ import annotations

import pytest

from bots.slack_bot.deeds import Deed
from bots.slack_bot.people import REMEMBERED_S, People
from bots.slack_bot.workspaces import Installed, Workspaces
from tests.fakes.slack_world import FakeSlack, User, Workspace
from tests.fakes.worlds import stored


async def ask(slack: FakeSlack, team: Workspace, who: User, *admins: str, fresh: bool = False) -> tuple[str, bool]:
    async with stored() as store:
        people = People(workspaces_of(slack, team, store), admins)
        requester = (await people.invocation(Deed("1", team.id, "C1", who.id, "typed"), fresh=fresh)).requester
        return requester.name, requester.is_admin


def workspaces_of(slack: FakeSlack, team: Workspace, store) -> Workspaces:  # type: ignore[no-untyped-def]
    workspaces = Workspaces(store, slack.api_url)
    workspaces.settle(Installed(team.id, team.name, team.bot_token, team.bot.id, "B1"))
    return workspaces


@pytest.mark.parametrize(
    ("rights", "is_admin"),
    [
        ({}, False),
        ({"admin": True}, True),
        ({"owner": True}, True),
        ({"primary_owner": True}, True),
        ({"guest": True}, False),
    ],
)
async def test_slack_says_who_manages(rights: dict[str, bool], is_admin: bool) -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace("Wonderland")
        assert await ask(slack, team, team.add_user("Ada", **rights)) == ("Ada", is_admin)


async def test_the_admin_of_another_workspace_is_none_here() -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace("Wonderland")
        wizard = team.add_user("Wizard", owner=True)
        wizard.home_team = "T0OZ"
        assert await ask(slack, team, wizard) == ("Wizard", False)
        assert await ask(slack, team, wizard, wizard.id) == ("Wizard", True)


async def test_the_operator_names_others() -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace("Wonderland")
        ada = team.add_user("Ada")
        assert await ask(slack, team, ada, ada.id) == ("Ada", True)


async def test_when_slack_doesnt_say_nobody_is_an_admin() -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace("Wonderland")
        queen = team.add_user("Queen", admin=True)
        slack.faults.refuse("users.info", "fatal_error")
        assert await ask(slack, team, queen) == ("typed", False)


async def test_what_was_said_is_remembered_unless_it_matters() -> None:
    now = 0.0
    async with FakeSlack.open() as slack, stored() as store:
        team = slack.add_workspace("Wonderland")
        queen = team.add_user("Queen", admin=True)
        people = People(workspaces_of(slack, team, store), (), lambda: now)
        deed = Deed("1", team.id, "C1", queen.id)
        assert (await people.invocation(deed)).requester.is_admin
        queen.admin = False
        assert (await people.invocation(deed)).requester.is_admin
        assert not (await people.invocation(deed, fresh=True)).requester.is_admin
        queen.admin = True
        assert not (await people.invocation(deed)).requester.is_admin
        now += REMEMBERED_S
        assert (await people.invocation(deed)).requester.is_admin
