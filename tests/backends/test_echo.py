from __future__ import annotations

import pytest

from backends.echo import EchoBackend
from backends.protocol import CompletionRequest
from config.errors import NotFound
from config.sampling import SamplingOptions
from tests.backends.contract import BackendContract, Subject, complete, request
from tests.fakes.completions import MAX_MODEL_LEN


class TestEcho(BackendContract):
    @pytest.fixture
    def subject(self) -> Subject:
        backend = EchoBackend("echo", delay_s=0.01, max_model_len=MAX_MODEL_LEN)

        async def active() -> int:
            return (await backend.health()).running

        return Subject(backend, active)


async def test_says_nothing_but_the_prompt() -> None:
    result = await complete(EchoBackend("echo"), request("a b c", length=3))
    assert sorted(result.texts[0].split()) == ["a", "b", "c"]


async def test_greedy_repeats_the_prompt_in_order() -> None:
    result = await complete(EchoBackend("echo"), request("a b c", length=5, temperature=0))
    assert result.texts[0] == " a b c a b"


async def test_stop_names_the_string_that_came_first() -> None:
    result = await complete(EchoBackend("echo"), request("a b c", length=5, temperature=0, stop=["c", " b c"]))
    assert result.texts[0] == " a"
    assert result.end_of(0).stop_reason == " b c"


async def test_unknown_model_is_refused_by_name() -> None:
    asked = CompletionRequest("r", "a", SamplingOptions(seed=1), model="gpt2")
    with pytest.raises(NotFound, match='echo has no model "gpt2"; it has echo'):
        await complete(EchoBackend("echo"), asked)
