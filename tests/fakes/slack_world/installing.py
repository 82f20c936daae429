"""Installing the app by OAuth: what Slack's consent page gives out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User

CODE_LASTS_S = 600.0


@dataclass(frozen=True)
class Grant:
    """A person's consent, waiting to be exchanged for a token."""

    user: User
    scopes: tuple[str, ...]
    redirect_uri: str
    expires_at: float
