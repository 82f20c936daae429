"""Messages: what was said, by whom, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.slack_world.channels import Channel
    from tests.fakes.slack_world.files import File
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.workspaces import Workspace

STREAM_LASTS_S = 300.0


@dataclass(eq=False)
class Message:
    channel: Channel
    ts: str
    author: User
    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    markdown: str = ""
    """Text in Markdown: of markdown_text and of streams."""
    thread_ts: str | None = None
    metadata: dict[str, Any] | None = None
    ephemeral_to: User | None = None
    streaming: bool = False
    files: list[File] = field(default_factory=list)
    reactions: dict[str, list[User]] = field(default_factory=dict)
    edited_ts: str | None = None
    deleted: bool = False
    via_response_url: bool = False
    versions: list[str] = field(default_factory=list)
    """What a person could read after each change."""

    @property
    def ephemeral(self) -> bool:
        return self.ephemeral_to is not None

    @property
    def workspace(self) -> Workspace:
        return self.channel.workspace

    @property
    def thread(self) -> list[Message]:
        """Its replies."""
        return [each for each in self.channel.messages if each.thread_ts == self.ts and each is not self]

    @property
    def root(self) -> Message | None:
        return self.channel.find(self.thread_ts) if self.thread_ts else self

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return [each for each in elements(self.blocks) if each.get("type") == "button"]

    @property
    def permalink(self) -> str:
        link = f"{self.channel.world.url}/archives/{self.channel.id}/p{self.ts.replace('.', '')}"
        return f"{link}?thread_ts={self.thread_ts}&cid={self.channel.id}" if self.thread_ts else link

    def payload(self) -> dict[str, Any]:
        body: dict[str, Any] = {"type": "message", "user": self.author.id, "ts": self.ts, "team": self.workspace.id}
        body["text"] = self.text or self.markdown
        if self.author.is_bot:
            body |= {"bot_id": self.author.bot_id, "app_id": self.channel.world.app.id}
        else:
            body["client_msg_id"] = f"00000000-0000-4000-8000-{self.ts.replace('.', '')[-12:]}"
        body |= {key: value for key in ("blocks", "attachments", "thread_ts") if (value := getattr(self, key))}
        if self.edited_ts:
            body["edited"] = {"user": self.author.id, "ts": self.edited_ts}
        if self.files:
            body["files"] = [each.payload() for each in self.files]
        return body | self._reactions() | self._replies()

    def _reactions(self) -> dict[str, Any]:
        told = [
            {"name": name, "users": [each.id for each in users], "count": len(users)}
            for name, users in self.reactions.items()
            if users
        ]
        return {"reactions": told} if told else {}

    def _replies(self) -> dict[str, Any]:
        if not (replies := self.thread):
            return {}
        people = list(dict.fromkeys(each.author.id for each in replies))
        return {
            "thread_ts": self.ts,
            "reply_count": len(replies),
            "reply_users": people,
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
        }


def elements(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What can be acted on in these blocks, each with its block_id."""
    for block in blocks:
        held = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for each in held:
            if isinstance(each, dict) and "action_id" in each:
                yield each | {"block_id": block["block_id"], "label": block.get("label")}
