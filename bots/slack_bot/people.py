"""Who asks: names, and who may manage the workspace, as Slack says at this moment or said just now."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from bots.commands.invocation import Invocation, Requester
from bots.slack_bot.deeds import Deed
from bots.slack_bot.failures import UNREACHABLE, code_of
from bots.slack_bot.place import Place
from bots.slack_bot.workspaces import Workspaces, workspace_of

REMEMBERED_S = 60.0
MOST_REMEMBERED = 10_000

log = structlog.get_logger(__name__)


class People:
    def __init__(
        self, workspaces: Workspaces, admins: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`admins` are ids the operator names; Slack's own admins and owners come by themselves."""
        self._workspaces = workspaces
        self._admins = frozenset(admins)
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Requester, float]] = {}

    async def invocation(self, deed: Deed, place: Place | None = None, fresh: bool = False) -> Invocation:
        """`fresh` asks Slack again whatever was said before: for what only admins may."""
        requester = await self._requester(deed, 0.0 if fresh else REMEMBERED_S)
        return self._invocation(deed, requester, place)

    def hasty(self, deed: Deed) -> Invocation:
        """Without asking anybody, where a form must open at once; nobody counts as an admin."""
        return self._invocation(deed, Requester(deed.user, deed.name or deed.user), None)

    def _invocation(self, deed: Deed, requester: Requester, place: Place | None) -> Invocation:
        is_private = place is not None and place.direct and place.layout == "thread"
        ref = place.write() if place is not None else None
        return Invocation(deed.id, workspace_of(deed.team), deed.channel, requester, is_private, ref)

    async def _requester(self, deed: Deed, remembered_s: float) -> Requester:
        key, now = (deed.team, deed.user), self._clock()
        known = self._known.get(key)
        if known is not None and now - known[1] < remembered_s:
            return known[0]
        asked = await self._ask(deed)
        if asked is None:
            return Requester(deed.user, deed.name or deed.user, is_admin=deed.user in self._admins)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (asked, now)
        return asked

    async def _ask(self, deed: Deed) -> Requester | None:
        """None when Slack doesn't say: then nobody counts as an admin but those the operator names."""
        try:
            user = await (await self._workspaces.api(deed.team)).user(deed.user)
        except UNREACHABLE as error:
            log.warning("slack.unknown_user", code=code_of(error) or type(error).__name__)
            return None
        return Requester(deed.user, _name(user) or deed.name, is_admin=self._may_manage(user, deed.team))

    def _may_manage(self, user: dict[str, Any], team: str) -> bool:
        if user.get("deleted"):
            return False
        held = any(user.get(right) for right in ("is_admin", "is_owner", "is_primary_owner"))
        return (held and _is_of(user, team)) or user.get("id") in self._admins


def _is_of(user: dict[str, Any], team: str) -> bool:
    """In a channel that workspaces share there are people of the others, with the rights they have at home."""
    teams = user.get("enterprise_user", {}).get("teams", ())
    return user.get("team_id") in (None, team) or team in teams


def _name(user: dict[str, Any]) -> str:
    profile = user.get("profile", {})
    return str(profile.get("display_name") or user.get("real_name") or user.get("name") or "")
