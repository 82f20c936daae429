"""What the API answers, typed, and what is tried again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from backends.aws.client.jobs import MOST_AGAIN, JobsClient
from backends.aws.client.transport import Answer, NotReached, Question
from backends.aws.jobs.job import Mark
from backends.protocol import CompletionRequest, SampleFinished, TextDelta
from config.errors import BackendUnavailable, EngineFailed, InklingError, NotFound, Overloaded, PromptTooLong
from tests.backends.contract import request

VIEW = {"id": "01KB0000000000000000000000", "state": "queued", "mark": "0.0", "news": "unknown"}
GONE = NotReached("aws can't be reached (ClientError).")


@dataclass
class ScriptedTransport:
    answers: list[Answer | NotReached]
    questions: list[Question] = field(default_factory=list)

    async def ask(self, question: Question) -> Answer:
        self.questions.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, NotReached):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Nothing is open."""


def client_of(*answers: Answer | NotReached) -> tuple[JobsClient, ScriptedTransport]:
    transport = ScriptedTransport(list(answers))
    return JobsClient("aws", transport, pauses_s=(0.0, 0.0)), transport


async def test_a_submit_sends_the_request_under_its_id() -> None:
    client, transport = client_of(Answer(202, VIEW))
    asked = request("Once", keep_last=5, samples=2)
    view = await client.submit(asked)
    assert (view.id, view.is_open, view.mark) == (VIEW["id"], True, Mark())
    (question,) = transport.questions
    assert question.body is not None
    assert (question.method, question.path) == ("POST", "/v1/jobs")
    assert question.body["key"].startswith(f"{asked.request_id}.")
    assert question.body["options"]["samples"] == 2
    assert question.body["keep_last_tokens"] == 5


async def keys_of(*requests: CompletionRequest) -> list[str]:
    client, transport = client_of(*[Answer(202, VIEW)] * len(requests))
    for each in requests:
        await client.submit(each)
    return [question.body["key"] for question in transport.questions if question.body]


async def test_the_same_request_again_has_the_same_key_and_a_changed_one_another() -> None:
    asked = request("Once")
    first, again, kept, longer, other = await keys_of(
        asked,
        replace(asked),
        replace(asked, keep_last_tokens=5),
        replace(asked, deadline_s=90.0),
        replace(asked, request_id="other"),
    )
    assert first == again
    assert len({first, kept, longer, other}) == 4


FULL = {"state": "failed", "error": {"code": "overloaded", "sentence": "4 wait.", "retry_after_s": 5}}


@pytest.mark.parametrize("ended", [{"state": "cancelled"}, {"state": "running", "cancelling": True}, FULL])
async def test_what_was_cancelled_or_found_no_room_is_asked_for_anew(ended: dict[str, Any]) -> None:
    client, transport = client_of(Answer(202, VIEW | ended), Answer(202, VIEW | ended), Answer(202, VIEW))
    assert (await client.submit(request())).is_open
    first, *others = [question.body["key"] for question in transport.questions if question.body]
    assert others == [f"{first}.1", f"{first}.2"]


async def test_anew_has_an_end() -> None:
    client, _ = client_of(*[Answer(202, VIEW | {"state": "cancelled"})] * MOST_AGAIN)
    with pytest.raises(BackendUnavailable, match=r"^aws was asked for this 20 times, and did not get to it\.$"):
        await client.submit(request())


async def test_a_read_asks_from_the_mark_on() -> None:
    events = [[0, "Once"], [0, None, "stop", "\n", 3]]
    client, transport = client_of(Answer(200, {**VIEW, "state": "done", "mark": "2.3", "events": events}))
    view = await client.read("01KB/..", Mark(2, 1), 15)
    assert view.events == (TextDelta(0, "Once"), SampleFinished(0, "stop", "\n", 3))
    assert transport.questions == [Question("GET", "/v1/jobs/01KB%2F..", {"after": "2.1", "wait": "15"})]


@pytest.mark.parametrize("trouble", [GONE, Answer(500, None), Answer(503, None), Answer(429, {"message": "Too Many"})])
async def test_what_may_pass_is_tried_again(trouble: Answer | NotReached) -> None:
    client, transport = client_of(trouble, trouble, Answer(202, VIEW))
    await client.submit(request())
    assert len(transport.questions) == 3
    assert len({str(question.body) for question in transport.questions}) == 1


def said(status: int, code: str, sentence: str, **more: object) -> Answer:
    return Answer(status, {"error": {"code": code, "sentence": sentence, **more}})


TOO_LONG = {"model": "gpt2", "prompt_tokens": 60, "max_tokens": 8, "max_model_len": 64}


@pytest.mark.parametrize(
    ("answers", "kind", "sentence", "tries"),
    [
        ([GONE] * 3, BackendUnavailable, "aws can't be reached (ClientError).", 3),
        ([Answer(502, None)] * 3, BackendUnavailable, "aws answered with HTTP status 502.", 3),
        (
            [said(503, "backend_unavailable", "AWS is busy.", retry_after_s=5)] * 3,
            BackendUnavailable,
            "AWS is busy.",
            3,
        ),
        ([said(503, "backend_unavailable", "AWS forbids it.")], BackendUnavailable, "AWS forbids it.", 1),
        ([said(429, "overloaded", "200 wait.", retry_after_s=15)], Overloaded, "200 wait.", 1),
        ([said(400, "context_length_exceeded", "", **TOO_LONG)], PromptTooLong, "That prompt is 60 tokens; gpt2 ta", 1),
        ([said(404, "not_found", "There is no such job.")], NotFound, "There is no such job.", 1),
        ([Answer(403, {"message": "Forbidden"})], BackendUnavailable, "aws refuses these AWS credentials; ", 1),
        ([Answer(404, {"message": "Not Found"})], BackendUnavailable, "aws has no such API; is its address right?", 1),
        *(
            ([Answer(200, odd)], EngineFailed, "aws sent an answer that isn't Inkling's; is its address right?", 1)
            for odd in ("<html>", None, VIEW | {"mark": "7"}, VIEW | {"events": [[0, 1, 2]]}, VIEW | {"events": 5})
        ),
    ],
)
async def test_what_goes_wrong_is_one_sentence(
    answers: list[Answer | NotReached], kind: type[InklingError], sentence: str, tries: int
) -> None:
    client, transport = client_of(*answers)
    with pytest.raises(kind) as caught:
        await client.submit(request())
    assert caught.value.sentence.startswith(sentence)
    assert len(transport.questions) == tries
