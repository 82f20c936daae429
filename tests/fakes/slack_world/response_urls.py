"""response_url: five messages within half an hour, without a token."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import posting
from tests.fakes.slack_world.rules.problems import Problems
from tests.fakes.slack_world.rules.response_urls import inspect
from tests.fakes.slack_world.web_api.refusals import Refused

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.messages import Message
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.world import World

USES = 5
LASTS_S = 1800.0


@dataclass(eq=False)
class ResponseUrl:
    url: str
    channel: Channel
    user: User
    made_at: float
    source: Message | None = None
    """The message with the button."""
    uses: int = 0
    messages: list[Message] = field(default_factory=list)
    """What came of it and of the ack, in order."""

    @property
    def world(self) -> World:
        return self.channel.world

    def use(self, body: dict[str, Any]) -> None:
        if self.world.clock.now() - self.made_at > LASTS_S:
            raise Refused("expired_url", status=404)
        if self.uses >= USES:
            self.world.violated("response_url", "", "used more than five times")
            raise Refused("used_url", status=404)
        if not self.channel.workspace.has_bot:
            raise Refused("no_service", status=404)
        self.uses += 1
        self._take(body, "response_url")

    def answered_by_ack(self, payload: dict[str, Any]) -> None:
        """A command's ack may carry the first message; of a wrong one the person sees nothing."""
        with suppress(Refused):
            self._take(payload, "ack")

    def _take(self, body: dict[str, Any], name: str) -> None:
        problems = Problems()
        inspect(problems, body)
        for path, reason in problems.reasons():
            self.world.violated(name, path, reason)
        if problems.refused:
            raise Refused(problems.error or "invalid_payload", status=400)
        if body.get("delete_original"):
            self._delete()
        elif body.get("replace_original"):
            self._replace(body)
        else:
            self._post(body)
        self.world.changes.announce()

    def _delete(self) -> None:
        if self.source is None:
            raise Refused("invalid_payload", status=400)
        posting.delete(self.source)

    def _replace(self, body: dict[str, Any]) -> None:
        original = self.source or next(iter(self.messages), None)
        if original is None:
            raise Refused("message_not_found", status=404)
        if original.ephemeral and body.get("response_type") == "in_channel":
            self.world.violated("response_url", "/response_type", "what one person sees cannot become everybody's")
        posting.edit(original, body)
        if original not in self.messages:
            self.messages.append(original)

    def _post(self, body: dict[str, Any]) -> None:
        everybody = body.get("response_type") == "in_channel"
        # An answer to a button stays in its thread only if told so.
        thread = body.get("thread_ts")
        message = posting.post(
            self.channel,
            self.channel.workspace.bot,
            body,
            thread_ts=thread,
            ephemeral_to=None if everybody else self.user,
            via_response_url=True,
        )
        self.messages.append(message)


def response_url(channel: Channel, user: User, source: Message | None = None, kind: str = "actions") -> ResponseUrl:
    world = channel.world
    path = f"/{kind}/{channel.workspace.id}/{secrets.randbelow(10**12)}/{secrets.token_urlsafe(16)}"
    made = ResponseUrl(world.url + path, channel, user, world.clock.now(), source)
    world.response_urls[path] = made
    return made
