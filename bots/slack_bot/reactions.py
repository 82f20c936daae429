"""Reactions on results: the workspace's emoji for another try, and the legend ▶️ ⏹️ 🗑️.

Who may not, or reacts to what is no result, hears nothing: answering a reaction would be worse than silence.
"""

from __future__ import annotations

import structlog

from bots.actions import action_of_emoji
from bots.controls import Control
from bots.core import Core
from bots.slack_bot.acts import Acts
from bots.slack_bot.answers import Answer
from bots.slack_bot.deeds import Deed
from bots.slack_bot.emoji import name_of, sign_of
from bots.slack_bot.people import People
from bots.slack_bot.place import address_of
from bots.slack_bot.takedown import Takedown
from bots.slack_bot.workspaces import workspace_of
from bots.slack_bot.writing import Writing
from bots.views import Action
from config.errors import InklingError

log = structlog.get_logger(__name__)


class Reactions:
    def __init__(self, core: Core, writing: Writing, acts: Acts, takedown: Takedown, people: People) -> None:
        self._core = core
        self._writing = writing
        self._acts = acts
        self._takedown = takedown
        self._people = people

    async def added(self, deed: Deed, answer: Answer, name: str) -> None:
        try:
            action = await self._action(deed, name)
            if action is not None:
                await self._act(deed, answer, action)
        except InklingError as error:
            log.info("slack.reaction_refused", code=error.code)

    async def _action(self, deed: Deed, name: str) -> Action | None:
        again = sign_of(name_of(await self._core.posts.again_emoji(workspace_of(deed.team))))
        return action_of_emoji(sign_of(name), again)

    async def _act(self, deed: Deed, answer: Answer, action: Action) -> None:
        post = await self._core.results.at(self._people.hasty(deed), address_of(deed.channel, deed.message or ""))
        if action == "stop":
            await self._core.results.stop(await self._people.invocation(deed), post.request_id)
        elif action == "delete":
            await self._takedown.delete(await self._people.invocation(deed), post.request_id)
        else:
            control = Control(action, post.request_id, post.sample or 0)
            await self._writing.derive(deed, answer, control, self._acts.asks.of_control(control))
