"""Everybody who comes during the soak: some write, some hang up, some send nonsense, some are the references."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

import aiohttp

from benchmarks.folders import ENGLISH
from benchmarks.soak.client import BAD_BODIES, Full, Heard, SoakClient, SoakRequest
from benchmarks.soak.verdict import Findings

_AT_ONCE = 24
"""A few more than the engine writes together, so that some always wait."""
_MEAN_GAP_S = 0.35
_KINDS = ("write", "reference", "hang up", "nonsense")
_SHARES = (45, 25, 20, 10)
_MOST_PROMPT_CHARACTERS = 2500
_MOST_TOKENS = 160


class Crowd:
    def __init__(
        self, client: SoakClient, references: Sequence[tuple[SoakRequest, Heard]], findings: Findings, seed: int = 1
    ) -> None:
        self.findings = findings
        self._client = client
        self._references = references
        self._dice = random.Random(seed)
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def arrive(self, seconds: float) -> None:
        """Until the time is up and the last one is served."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as everybody:
            while time.monotonic() < until:
                await asyncio.sleep(self._dice.expovariate(1 / _MEAN_GAP_S))
                await self._places.acquire()
                (kind,) = self._dice.choices(_KINDS, _SHARES)
                everybody.create_task(self._serve(kind))

    async def _serve(self, kind: str) -> None:
        self.findings.count(kind)
        try:
            await self._visit(kind)
        except Full:
            # Right, when the queue is.
            self.findings.count("told full")
        except (aiohttp.ClientError, TimeoutError) as error:
            self.findings.fail(f"{kind}: {type(error).__name__} {error}")
        finally:
            self._places.release()

    async def _visit(self, kind: str) -> None:
        match kind:
            case "write":
                self._note(await self._client.write(self._random_request()))
            case "reference":
                request, before = self._dice.choice(self._references)
                heard = await self._client.write(request)
                self._note(heard)
                self.findings.compare(request, before.text, heard.text, "in the crowd")
            case "hang up":
                await self._client.hang_up(self._random_request(), after=self._dice.randint(1, 20))
            case _:
                body = self._dice.choice(BAD_BODIES)
                status = await self._client.status_of(body)
                if not 400 <= status < 500:
                    self.findings.fail(f"answered {status} to {body[:60]!r}")

    def _note(self, heard: Heard) -> None:
        self.findings.waits.append(heard.wait_s)
        self.findings.gaps.append(heard.longest_gap_s)

    def _random_request(self) -> SoakRequest:
        """Mostly short, as people write."""
        dice = self._dice
        start = dice.randrange(len(ENGLISH))
        size = 1 + int(dice.random() ** 3 * _MOST_PROMPT_CHARACTERS)
        tokens = 1 + int(dice.random() ** 2 * _MOST_TOKENS)
        prompt = (ENGLISH + ENGLISH)[start : start + size]
        return SoakRequest(prompt, tokens, dice.randrange(2**31), dice.choice((0.0, 0.7, 1.0)))
