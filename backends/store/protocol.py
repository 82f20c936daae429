"""The store: settings, requests, results, presets, audit and usage, behind one interface.

Every store passes one contract suite. Times are UTC; ids are ULIDs; a write is durable when its call returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from backends.store.records import (
    Accepted,
    AuditEntry,
    Outcome,
    PostRecord,
    RequestRecord,
    SampleRecord,
    StoredSettings,
    Usage,
)
from config.errors import InklingError
from config.sampling import SamplingOverrides
from config.workspace import WorkspaceRef, WorkspaceSettings

STAY_EVERY_S = 20.0
"""How often a bot says that it is here."""


class SettingsChanged(InklingError):
    """Somebody else saved the workspace's settings first."""

    code = "settings_changed"


class StoreFailed(InklingError):
    """The store can't be used now: disk full, held by another program, damaged, closed. Nothing was half done."""

    code = "store_failed"


class Store(Protocol):
    """Any call but `aclose` raises StoreFailed when the store can't be used, or was closed."""

    # Settings

    async def workspace(self, ref: WorkspaceRef) -> StoredSettings:
        """The workspace's settings; built-in ones at version 0 when nothing was ever saved.

        InvalidSettings if a newer Inkling saved something this one doesn't know.
        """
        ...

    async def save_workspace(
        self, ref: WorkspaceRef, settings: WorkspaceSettings, expected_version: int, entry: AuditEntry
    ) -> int:
        """Save settings and audit entry together; returns the new version. SettingsChanged if the version moved on."""
        ...

    async def audit(self, ref: WorkspaceRef, limit: int) -> tuple[AuditEntry, ...]:
        """The latest changes, newest first."""
        ...

    # Requests

    async def accept(self, record: RequestRecord) -> Accepted:
        """Write a new request, unless its idempotency key is known."""
        ...

    async def accept_both(self, first: RequestRecord, second: RequestRecord) -> tuple[Accepted, Accepted]:
        """As `accept`, together: both are kept, or neither."""
        ...

    async def request_of_key(self, idempotency_key: str) -> RequestRecord | None:
        """The request accepted under that key, as it is now."""
        ...

    async def request(self, request_id: str) -> RequestRecord | None: ...

    async def samples(self, request_id: str) -> tuple[SampleRecord, ...]:
        """What was saved of each sample, by index; empty before the first checkpoint."""
        ...

    async def mark_running(self, request_id: str, started_at: datetime) -> None:
        """Accepted → running; keeps the first `started_at` when it runs again after a crash. Ended ones stay."""
        ...

    async def set_reply(self, request_id: str, reply_ref: str) -> None: ...

    async def save_post(self, post: PostRecord) -> None:
        """Remember a message of a request's; ignored once the request was erased."""
        ...

    async def posts(self, request_id: str) -> tuple[PostRecord, ...]:
        """A request's messages in the order they were saved; of two for the same part, the later one holds."""
        ...

    async def post_at(self, ref: WorkspaceRef, address: str) -> PostRecord | None:
        """What the message at that address shows, if it is of this workspace."""
        ...

    async def checkpoint(self, samples: Sequence[SampleRecord]) -> None:
        """Save partial text of an open request; ignored once the request has ended."""
        ...

    async def finish(self, request_id: str, outcome: Outcome, samples: Sequence[SampleRecord]) -> bool:
        """End an open request and save its samples, together. False, and no change, if it has ended before."""
        ...

    async def open_requests(self) -> tuple[RequestRecord, ...]:
        """Every accepted or running request of all workspaces, oldest first."""
        ...

    async def undelivered(self, since: datetime) -> tuple[RequestRecord, ...]:
        """Requests of all workspaces that ended at or after `since` and whose end was never shown, in the
        order of their ends."""
        ...

    async def mark_delivered(self, request_id: str) -> None:
        """Remember that an ended request's final view was shown."""
        ...

    async def open_of(self, ref: WorkspaceRef, requester_id: str) -> tuple[RequestRecord, ...]:
        """One person's open requests here, oldest first."""
        ...

    async def last_accepted_at(self, ref: WorkspaceRef, requester_id: str) -> datetime | None: ...

    async def group(self, group_id: str) -> tuple[RequestRecord, ...]:
        """A request and its alternatives, oldest first."""
        ...

    async def children(self, request_id: str) -> tuple[RequestRecord, ...]:
        """The requests that go on from a sample of this one, oldest first."""
        ...

    async def story(self, story_id: str) -> tuple[RequestRecord, ...]:
        """Everything that was made from a story's first request, and that itself, oldest first."""
        ...

    async def story_samples(self, story_id: str) -> tuple[SampleRecord, ...]:
        """The samples of all of a story's requests, by request and index."""
        ...

    async def recent(
        self, ref: WorkspaceRef, channel: str, limit: int, before: str | None = None
    ) -> tuple[RequestRecord, ...]:
        """A channel's latest requests (older than id `before` when given), oldest first."""
        ...

    async def channels(self, ref: WorkspaceRef) -> tuple[str, ...]:
        """Every channel that holds requests, by name."""
        ...

    async def withdraw(self, request_id: str, withdrawn: bool) -> None:
        """Take a request out of the story, or put it back."""
        ...

    async def delete(self, request_id: str) -> bool:
        """Erase a request and its samples; False if there is none. Usage sums stay."""
        ...

    # Votes

    async def vote(self, request_id: str, user_id: str, voted: bool) -> None:
        """Say that somebody likes a result best of its group, which is their one vote there and moves in one write, or
        no longer does; ignored once the request was erased."""
        ...

    async def votes(self, request_id: str) -> frozenset[str]:
        """Who does."""
        ...

    # People

    async def presets(self, ref: WorkspaceRef, user_id: str) -> Mapping[str, SamplingOverrides]: ...

    async def save_preset(self, ref: WorkspaceRef, user_id: str, name: str, overrides: SamplingOverrides) -> None: ...

    async def delete_preset(self, ref: WorkspaceRef, user_id: str, name: str) -> bool: ...

    async def requests_of(self, ref: WorkspaceRef, user_id: str) -> tuple[RequestRecord, ...]:
        """All of one person's requests here, oldest first: what /forget-me shows and erases."""
        ...

    async def erase_user(self, ref: WorkspaceRef, user_id: str) -> int:
        """Erase a person's requests, samples, presets and votes here, their name in the audit too; returns how many."""
        ...

    # Upkeep

    async def usage(self, ref: WorkspaceRef, since: datetime) -> Usage:
        """Sums over the requests that ended since then, from the start of that hour (UTC)."""
        ...

    async def purge(self, ref: WorkspaceRef, before: datetime) -> int:
        """Erase ended requests that were accepted before this time; returns how many."""
        ...

    async def workspaces(self) -> tuple[WorkspaceRef, ...]:
        """Those with saved settings: for retention."""
        ...

    async def erase_workspace(self, ref: WorkspaceRef) -> int:
        """Erase everything of a workspace: requests, settings, presets, audit, usage and its installation; returns how
        many requests."""
        ...

    # Sharing with other bots

    async def stay(self) -> bool:
        """Say that this bot is here; to be said at the start and every STAY_EVERY_S. Whether another one was here and
        is gone, so that it may have left requests."""
        ...

    async def leave(self) -> None:
        """Say that this bot is here no more: others may take what it leaves."""
        ...

    async def take(self, request_ids: Sequence[str], own_too: bool) -> frozenset[str]:
        """Those of these requests that this bot took over now, from bots that are gone; with its own if `own_too`.
        No other bot works on them or shows them from now on."""
        ...

    # Installations

    async def save_installation(self, ref: WorkspaceRef, installation: str) -> None:
        """Keep what a front needs to act in this workspace, secrets too, in the front's own JSON."""
        ...

    async def installation(self, ref: WorkspaceRef) -> str | None:
        """What was saved last; None where it isn't installed."""
        ...

    async def delete_installation(self, ref: WorkspaceRef) -> None: ...

    async def save_install_state(self, state: str, expires_at: datetime) -> None:
        """Remember that an installation was begun under this word."""
        ...

    async def take_install_state(self, state: str, now: datetime) -> bool:
        """Whether an installation was begun under this word and may still end; only the first to ask hears yes."""
        ...

    async def aclose(self) -> None:
        """Let go of it; may be called again. Every other call then raises StoreFailed."""
        ...
