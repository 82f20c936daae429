"""A real completion through a stack, by the way a bot takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from ulid import ULID

from backends.aws.connection import connect
from backends.aws.deploy.stack import StackState
from backends.aws.deploy.watcher import Watcher
from backends.protocol import Backend, CompletionRequest, Progress, TextDelta
from config.sampling import SamplingOptions
from config.settings import AwsBackendSettings

PROMPT = "The keeper of the lighthouse wrote in the logbook that"
LENGTH = 12
PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Trial:
    text: str
    woke: bool
    """Whether something had to start first."""
    first_text_s: float
    done_s: float


def settings_of(
    state: StackState, region: str, profile: str | None = None, *, by_function: bool = False
) -> AwsBackendSettings:
    """How a bot reaches this stack. Raises AwsFailed."""
    where = {"function": state.output("ApiFunction")} if by_function else {"api_url": state.output("ApiUrl")}
    return AwsBackendSettings.model_validate({"kind": "aws", **where, "region": region, "profile": profile})


def try_out(settings: AwsBackendSettings, watcher: Watcher) -> Trial:
    """Raises what the backend raises."""

    async def connected() -> Trial:
        backend = connect("aws", settings)
        try:
            return await try_backend(backend, watcher)
        finally:
            await backend.aclose()

    return asyncio.run(connected())


async def try_backend(backend: Backend, watcher: Watcher, clock: Callable[[], float] = time.monotonic) -> Trial:
    options = SamplingOptions(length=LENGTH, seed=1)
    request = CompletionRequest(str(ULID()), PROMPT, options, deadline_s=PATIENCE_S)
    began, first, text, woke = clock(), None, "", False
    async with aclosing(backend.stream(request)) as events:
        async for event in events:
            match event:
                case Progress("waking" | "starting"):
                    woke = True
                    watcher.step("Waking what writes (a first start installs it, and takes minutes)")
                case Progress():
                    watcher.step("Waiting for the text")
                case TextDelta(_, piece):
                    first = first or clock()
                    text += piece
    ended = clock()
    return Trial(text, woke, (first or ended) - began, ended - began)
