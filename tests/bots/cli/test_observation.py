"""What a watched stream leaves behind."""

from __future__ import annotations

import pytest

from backends.echo import EchoBackend
from backends.protocol import CompletionRequest, Progress, SampleFinished, TextDelta
from bots.cli.observation import Observation, ObservedBackend
from config.errors import NotFound, PromptTooLong
from config.sampling import SamplingOptions


def request(**changes: object) -> CompletionRequest:
    return CompletionRequest("1", "a b", SamplingOptions(length=3, seed=1), **changes)  # type: ignore[arg-type]


async def test_events_pass_unchanged() -> None:
    observation = Observation()
    plain = [event async for event in EchoBackend("echo").stream(request())]
    seen = [event async for event in ObservedBackend(EchoBackend("echo"), observation).stream(request())]
    assert seen == plain
    assert observation.ready_s is not None
    assert observation.first_text_s is not None
    assert observation.ended_s is not None
    assert 0 <= observation.ready_s <= observation.first_text_s <= observation.ended_s


async def test_error_is_kept_and_forgotten_by_the_next_try() -> None:
    observation = Observation()
    backend = ObservedBackend(EchoBackend("echo", max_model_len=4), observation)
    with pytest.raises(PromptTooLong):
        _ = [event async for event in backend.stream(request())]
    assert isinstance(observation.error, PromptTooLong)
    _ = [event async for event in backend.stream(request(keep_last_tokens=1))]
    assert observation.error is None
    with pytest.raises(NotFound):
        _ = [event async for event in backend.stream(request(model="other"))]
    assert isinstance(observation.error, NotFound)


def test_waiting_ends_with_the_first_sign_of_work() -> None:
    observation = Observation()
    observation.begin()
    observation.see(Progress("starting"))
    assert observation.ready_s is None
    observation.see(Progress("queued", 1))
    assert observation.ready_s is None
    observation.see(Progress("running"))
    ready = observation.ready_s
    assert ready is not None
    observation.see(TextDelta(0, " a"))
    observation.see(SampleFinished(0, "length", None, 1))
    assert observation.ready_s == ready
