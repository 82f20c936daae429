"""Where a result is shown on Discord, and how that is kept with its request."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Layout = Literal["thread", "channel", "reply", "private"]


class Place(BaseModel):
    """`thread`: a root message and a thread from it. `channel`: a root message and replies to it, where no thread can
    be. `reply`: an answer to the message it comes from, without a root. `private`: through the interaction's token,
    for one person to see.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    layout: Layout
    channel: int
    """Where the root goes, or else the samples."""
    user: int
    reply_to: int | None = None
    thread: int | None = None
    """Once it is there."""
    application: int = 0
    token: str | None = None
    """The interaction's: for 15 minutes the only way to what is private, and to the response that waits."""
    original: bool = False
    """Whether the interaction's response waits: to become the first private message, or else to be deleted."""

    @property
    def has_root(self) -> bool:
        return self.layout in ("thread", "channel")

    def answering(self, private: Place) -> Place:
        """This place, with what a restart needs to know of the interaction's own response."""
        taken = {name: getattr(private, name) for name in ("application", "token", "original")}
        return self.model_copy(update=taken)

    def write(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


def read_place(reply_ref: str | None, channel: str, user: str) -> Place:
    """A request's place from what was kept with it; the channel it was asked in when nothing was."""
    if reply_ref is None:
        return Place(layout="channel", channel=int(channel), user=int(user))
    return Place.model_validate_json(reply_ref)


def address_of(channel: int | None, message: int, request_id: str) -> str:
    """A message as the store knows it. What is shown through a token is in no channel, and its id may be 0."""
    return f"{request_id if channel is None else channel}/{message}"


def read_address(address: str) -> tuple[int | None, int]:
    """Channel, None for what was shown through a token, and message."""
    channel, _, message = address.partition("/")
    return int(channel) if channel.isdecimal() else None, int(message)
