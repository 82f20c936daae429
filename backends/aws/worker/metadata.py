"""What EC2 tells a machine about itself (IMDSv2)."""

from __future__ import annotations

import asyncio

import aiohttp
import structlog

TOKEN_S = 21_600
TIMEOUT = aiohttp.ClientTimeout(total=2)
LOOK_EVERY_S = 5.0
NOTICES = ("/latest/meta-data/spot/instance-action", "/latest/meta-data/events/recommendations/rebalance")

log = structlog.get_logger(__name__)


class InstanceMetadata:
    def __init__(self, url: str, look_every_s: float = LOOK_EVERY_S) -> None:
        self._url = url.rstrip("/")
        self._look_every_s = look_every_s
        self._http: aiohttp.ClientSession | None = None
        self._token: str | None = None
        self._problem: str | None = None

    async def instance_id(self) -> str | None:
        return await self._read("/latest/meta-data/instance-id")

    async def notice(self) -> str:
        """Until AWS says that it wants the machine back; which notice it was."""
        while True:
            for path in NOTICES:
                if await self._read(path) is not None:
                    return path.rsplit("/", 1)[-1]
            await asyncio.sleep(self._look_every_s)

    async def _read(self, path: str) -> str | None:
        """None when there is nothing there, or no answer."""
        self._http = self._http or aiohttp.ClientSession(timeout=TIMEOUT)
        try:
            self._token = self._token or await self._fetch_token(self._http)
            headers = {"X-aws-ec2-metadata-token": self._token}
            async with self._http.get(self._url + path, headers=headers) as answer:
                if answer.status == 401:
                    self._token = None
                return await answer.text() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError) as error:
            self._complain(type(error).__name__)
            return None

    def _complain(self, problem: str) -> None:
        """Once, since it is asked every few seconds."""
        if problem != self._problem:
            log.warning("the machine's metadata can't be read", problem=problem)
        self._problem = problem

    async def _fetch_token(self, http: aiohttp.ClientSession) -> str:
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_S)}
        async with http.put(f"{self._url}/latest/api/token", headers=headers) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.close()
