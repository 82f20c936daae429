"""A whole bot process on the fake Discord of another process, to be killed.

`python -m tests.fakes.doomed_discord_bot DATABASE API_URL GATEWAY_URL TOKEN`
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

from backends.echo import EchoBackend
from tests.fakes.discord_bot import running_bot
from tests.fakes.worlds import stored

WORD_S = 0.02


@dataclass(frozen=True)
class Remote:
    """Where the fake is."""

    api_url: str
    gateway_url: str
    token: str
    public_key: str = "0" * 64


async def live(database: Path, remote: Remote) -> None:
    async with (
        stored(database) as store,
        running_bot(remote, EchoBackend("echo", delay_s=WORD_S), store, max_running=8, max_queued=1000),
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), Remote(*sys.argv[2:])))
