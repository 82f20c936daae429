"""An entry says where a request's items lie. Copies of it are all the lists that requests are found by.

They are written before a request and erased after it: what is kept of a request can always be found, even when a
process died halfway; and who finds an entry looks whether there is a request behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self, cast

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.keys import UNSHOWN, hashed, joined, made_pk, pointer_key, record_key, workspace_pk
from backends.store.dynamodb.table import Key
from backends.store.records import RequestRecord
from config.workspace import Front, WorkspaceRef


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    key_hash: str
    front: str
    workspace_id: str
    channel: str
    requester_id: str
    group_id: str
    story_id: str
    parent_id: str | None
    laid_at: int
    """The second in which the accept that wrote it began."""

    @classmethod
    def of(cls, record: RequestRecord, laid_at: int) -> Self:
        return cls(
            record.id,
            hashed(record.idempotency_key),
            record.workspace.front,
            record.workspace.id,
            record.channel,
            record.requester_id,
            record.group_id,
            record.story_id,
            record.parent.request_id if record.parent else None,
            laid_at,
        )

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Self:
        return cls(**{name: item.get(name) for name in cls.__slots__})  # type: ignore[arg-type]

    @property
    def item(self) -> Item:
        return asdict(self)

    @property
    def workspace(self) -> WorkspaceRef:
        return WorkspaceRef(cast(Front, self.front), self.workspace_id)

    @property
    def record_key(self) -> Key:
        return record_key(self.key_hash)

    @property
    def pointer(self) -> Key:
        return pointer_key(self.id)

    @property
    def unshown(self) -> Key:
        return Key(UNSHOWN, joined(self.front, self.workspace_id, self.requester_id, self.id))

    @property
    def in_channel(self) -> Key:
        """The one that is erased last: everything in a workspace is found by these."""
        return Key(workspace_pk(self.workspace), f"request#{joined(self.channel, self.id)}")

    @property
    def of_person(self) -> Key:
        return Key(workspace_pk(self.workspace), f"person#{joined(self.requester_id, self.id)}")

    @property
    def relations(self) -> tuple[Key, ...]:
        """Beside what it was made from. A request that began its group or story is found there by its id."""
        others = (("group", self.group_id), ("story", self.story_id), ("child", self.parent_id))
        return tuple(
            Key(made_pk(other), f"{kind}#{joined(self.id)}")
            for kind, other in others
            if other is not None and (kind == "child" or other != self.id)
        )

    @property
    def places(self) -> tuple[Key, ...]:
        """Of all its copies."""
        return (self.pointer, self.in_channel, self.of_person, self.unshown, *self.relations)
