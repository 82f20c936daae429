"""What every front turns a platform's event into before it calls the core."""

from __future__ import annotations

from dataclasses import dataclass

from config.workspace import WorkspaceRef


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks. `is_admin`: may manage the server or workspace, as the platform says at this moment."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command, button press or reaction. `event_id` is the platform's own: the same event again is harmless."""

    event_id: str
    workspace: WorkspaceRef
    channel: str
    requester: Requester
    private: bool = False
    place: str | None = None
    """Where the front means to show what comes of it, in its own JSON, kept with the request from the beginning."""

    @property
    def idempotency_key(self) -> str:
        return f"{self.workspace}:{self.event_id}"
