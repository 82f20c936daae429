"""A whole bot process on the fake Slack of another process, to be killed.

`python -m tests.fakes.doomed_slack_bot DATABASE API_URL APP_TOKEN BOT_TOKEN`
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.echo import EchoBackend
from tests.fakes.slack_bot import running_bot
from tests.fakes.worlds import stored

WORD_S = 0.05


@dataclass(frozen=True)
class Remote:
    """Where the fake is."""

    api_url: str
    app_token: str


@dataclass(frozen=True)
class RemoteTeam:
    bot_token: str


async def live(database: Path, slack: Any, team: Any) -> None:
    async with (
        stored(database) as store,
        running_bot(slack, team, EchoBackend("echo", delay_s=WORD_S), store, max_running=8, max_queued=1000),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), Remote(sys.argv[2], sys.argv[3]), RemoteTeam(sys.argv[4])))
