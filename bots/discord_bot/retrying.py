"""Calls that may be made again: connections break, and discord.py retries only what Discord has answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import structlog

PAUSES_S = (0.1, 0.5, 2.0)

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def persist(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call whose repetition does no harm, a few times if the connection breaks."""
    for pause_s in PAUSES_S:
        try:
            return await call()
        except (aiohttp.ClientError, ConnectionError) as error:
            log.info("discord.connection_broke", problem=type(error).__name__)
            await asyncio.sleep(pause_s)
    return await call()
