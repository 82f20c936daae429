"""Signed requests to an HTTP API (AWS Signature Version 4)."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlencode

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from backends.aws.client.transport import Answer, NotReached, Question, reaching, seconds_in
from config.errors import BackendUnavailable

SERVICE = "execute-api"
TIMEOUT = aiohttp.ClientTimeout(total=40, sock_connect=10)
"""An answer takes up to 20 s by itself, and a gateway gives up after 30."""


class SignedHttp:
    """Credentials come from where boto3 looks for them; `region` None means theirs too."""

    def __init__(self, name: str, url: str, *, region: str | None = None, profile: str | None = None) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._session = Session(profile=profile)
        self._region = region
        self._http: aiohttp.ClientSession | None = None
        self._closed = False

    async def ask(self, question: Question) -> Answer:
        body = b"" if question.body is None else json.dumps(question.body).encode()
        query = f"?{urlencode(sorted(question.query.items()))}" if question.query else ""
        url = f"{self._url}{question.path}{query}"
        headers = await asyncio.to_thread(self._signed, question.method, url, body)
        if self._closed:
            raise BackendUnavailable(f"{self._name} is closed.")
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=TIMEOUT)
        try:
            async with self._http.request(
                question.method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                said = read_json(await response.read())
                return Answer(response.status, said, seconds_in(response.headers.get("retry-after")))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotReached(f"{self._name} can't be reached ({type(error).__name__}).") from error

    def _signed(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """In a thread, since credentials may have to be fetched anew."""
        with reaching("an API"):
            found = self._session.get_credentials()
            region = self._region or self._session.get_config_variable("region")
            credentials = found and found.get_frozen_credentials()
        if not credentials:
            raise BackendUnavailable(f"{self._name} has no AWS credentials; give it some, or a role.")
        if region is None:
            raise BackendUnavailable(f"{self._name} doesn't know its AWS region; set `region` in its settings.")
        request = AWSRequest(method, url, {"content-type": "application/json"}, body)
        SigV4Auth(credentials, SERVICE, region).add_auth(request)
        return {str(name): str(value) for name, value in request.headers.items()}

    async def aclose(self) -> None:
        self._closed = True
        if self._http is not None:
            await self._http.close()


def read_json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
