"""The usual scene: one workspace with a channel, Ada in it, and the real web client at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack_world import Channel, FakeSlack, Message, RateLimits, User, Workspace

QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}


@dataclass(frozen=True)
class Stage:
    slack: FakeSlack
    team: Workspace
    channel: Channel
    ada: User
    api: AsyncWebClient

    async def post(self, text: str = "Hello", **about: Any) -> Message:
        told = await self.api.chat_postMessage(channel=self.channel.id, text=text, **QUIET, **about)
        message = self.channel.find(told["ts"])
        assert message is not None
        return message

    @property
    def reasons(self) -> list[str]:
        return [str(each) for each in self.slack.violations]


@asynccontextmanager
async def set_stage(
    limits: RateLimits | None = None, manifest: dict[str, Any] | None = None, **workspace: Any
) -> AsyncIterator[Stage]:
    async with FakeSlack.open(manifest, limits) as slack:
        slack.web.checks_own_answers = True
        team = slack.add_workspace("Wonderland", **workspace)
        channel, ada = team.add_channel("general"), team.add_user("Ada")
        yield Stage(slack, team, channel, ada, AsyncWebClient(team.bot_token, base_url=slack.api_url))
        assert not slack.web.own_errors, "\n".join(slack.web.own_errors)


async def error_of(calling: Awaitable[Any]) -> str:
    """Empty where Slack said ok."""
    try:
        await calling
    except SlackApiError as error:
        return str(error.response["error"])
    return ""
