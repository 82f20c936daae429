"""Where a result is shown on Slack, and how that is kept with its request."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from backends.store.records import RequestRecord

Layout = Literal["thread", "reply"]


class Place(BaseModel):
    """`thread`: a root message and a thread from it. `reply`: in a thread that is there already, without a root."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    layout: Layout
    channel: str = ""
    """Empty in direct messages until they are opened."""
    user: str
    thread: str | None = None
    """The `ts` of the message that the thread is from; of one's own root once it is posted."""
    direct: bool = False
    """In the person's direct messages with the bot: what is private, and what can't be shown where it was asked."""

    @property
    def has_root(self) -> bool:
        return self.layout == "thread"

    def write(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


def direct_place(user: str) -> Place:
    return Place(layout="thread", user=user, direct=True)


def beside(origin: Place, user: str) -> Place:
    """In the origin's thread."""
    return origin.model_copy(update={"layout": "reply", "user": user})


def read_place(reply_ref: str | None, channel: str, user: str) -> Place:
    """A request's place from what was kept with it; the channel it was asked in when nothing was."""
    if reply_ref is None:
        return Place(layout="thread", channel=channel, user=user)
    return Place.model_validate_json(reply_ref)


def is_in(record: RequestRecord, channel: str, thread: str | None) -> bool:
    """Whether a result is shown in this thread."""
    place = read_place(record.reply_ref, record.channel, record.requester_id)
    return (place.channel, place.thread) == (channel, thread)


def address_of(channel: str, ts: str) -> str:
    """A message as the store knows it; a file's id may stand for its `ts`."""
    return f"{channel}/{ts}"


def read_address(address: str) -> tuple[str, str]:
    channel, _, ts = address.partition("/")
    return channel, ts


def is_file(ts: str) -> bool:
    """Whether an address is that of a file: the message it came in has no name that Slack tells."""
    return ts.startswith("F")
