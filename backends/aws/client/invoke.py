"""The API's function invoked directly: no gateway needed, only the right to invoke it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from backends.aws.calls import POLLING
from backends.aws.client.http import read_json
from backends.aws.client.transport import Answer, Question, reaching, seconds_in

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

THREADS = 256
"""Each question waits up to 20 s in one."""


class DirectInvoke:
    def __init__(self, name: str, function: str, *, region: str | None = None, profile: str | None = None) -> None:
        self._name = name
        self._function = function
        self._region = region
        self._profile = profile
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws-invoke")

    async def ask(self, question: Question) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._invoke, question)

    def _invoke(self, question: Question) -> Answer:
        event = json.dumps(event_of(question)).encode()
        with reaching(f"the function {self._function}"):
            answer = self._client.invoke(FunctionName=self._function, Payload=event)
            payload = read_json(answer["Payload"].read())
        return Answer(502, None) if answer.get("FunctionError") else _answer(payload)

    @cached_property
    def _client(self) -> LambdaClient:
        session = boto3.session.Session(profile_name=self._profile, region_name=self._region)
        return session.client("lambda", config=POLLING)

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _answer(payload: Any) -> Answer:
    try:
        wait_s = seconds_in(payload["headers"].get("retry-after"))
        return Answer(int(payload["statusCode"]), read_json(payload["body"]), wait_s)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Answer(502, None)


def event_of(question: Question) -> dict[str, Any]:
    """As an HTTP API would give it to the function."""
    return {
        "version": "2.0",
        "rawPath": question.path,
        "queryStringParameters": dict(question.query),
        "requestContext": {"http": {"method": question.method, "path": question.path}},
        "body": None if question.body is None else json.dumps(question.body),
        "isBase64Encoded": False,
    }
