"""A small Slack workspace with three people, and the check that the bot behaved in it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bots.slack_bot.manifest import make_manifest
from tests.fakes.slack_world import Channel, FakeSlack, Message, RateLimits, User, Workspace

LATEST_ACK_S = 3.0


@dataclass
class Slackland:
    slack: FakeSlack
    team: Workspace
    general: Channel
    ada: User
    bob: User
    admin: User

    @property
    def own_roots(self) -> list[Message]:
        """What the bot posted in #general."""
        return [each for each in self.general.roots if each.author.is_bot]

    @property
    def root(self) -> Message:
        """The newest one."""
        return self.own_roots[-1]

    @property
    def answers(self) -> list[Message]:
        """The bot's in its thread."""
        return [each for each in self.root.thread if each.author.is_bot]

    def newest(self, roots: int = 1) -> Message | None:
        """The last message of the newest thread, once there are so many threads and it has one."""
        own = self.own_roots
        return own[-1].thread[-1] if len(own) >= roots and own[-1].thread else None

    def ended(self, count: int = 1) -> bool:
        return bool(self.own_roots) and sum(is_ended(each) for each in self.root.thread) >= count

    async def asked(self, flags: str = "", prompt: str = "Once upon a time", who: User | None = None) -> list[Message]:
        """/complete in #general, to its end; the messages in its thread."""
        samples = re.search(r"(?:-n|--samples) (\d+)", flags)
        before, wanted = len(self.own_roots), int(samples[1]) if samples else 1
        await (who or self.ada).slash(self.general, "/complete", f"{flags} --length 5 -- {prompt}".strip())
        await self.slack.until(lambda: len(self.own_roots) > before and self.ended(wanted))
        await self.slack.settle()
        return self.answers


def is_ended(message: Message) -> bool:
    return any("Again" in button["text"]["text"] for button in message.buttons)


def labels(message: Message) -> list[str]:
    return [button["text"]["text"].partition(" ")[2] for button in message.buttons]


def button(message: Message, label: str) -> str:
    """Its action_id."""
    return str(next(each["action_id"] for each in message.buttons if each["text"]["text"].endswith(label)))


def body(message: Message) -> str:
    """What was written, without small print."""
    return "".join(
        part["text"]
        for block in message.blocks
        if block["type"] == "rich_text"
        for element in block["elements"]
        for part in element["elements"]
    )


def small(message: Message) -> list[str]:
    return [element["text"] for block in message.blocks if block["type"] == "context" for element in block["elements"]]


@asynccontextmanager
async def slackland(
    manifest: dict[str, Any] | None = None, limits: RateLimits | None = None
) -> AsyncIterator[Slackland]:
    async with FakeSlack.open(manifest or make_manifest(), limits) as slack:
        team = slack.add_workspace("Wonderland")
        people = team.add_user("Ada"), team.add_user("Bob"), team.add_user("Queen", admin=True)
        world = Slackland(slack, team, team.add_channel("general"), *people)
        yield world
        assert not slack.violations, "\n".join(map(str, slack.violations))
        assert not slack.pings, "\n".join(map(str, slack.pings))
        assert max(slack.ack_seconds, default=0.0) < LATEST_ACK_S
