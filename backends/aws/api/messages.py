"""What comes in and goes out, apart from how: API Gateway's events and direct invocations look alike from here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

DIRECT = "direct"
"""The owner of what comes by direct invocation and names nobody. Whoever may invoke the function can name anybody, so
that right is worth as much as all owners' together."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes = b""
    owner: str = DIRECT
    """Who asks, as IAM knows them."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class _Http(_Part):
    method: str


class _Iam(_Part):
    user_arn: str | None = None


class _Authorizer(_Part):
    iam: _Iam | None = None


class _Context(_Part):
    http: _Http
    authorizer: _Authorizer | None = None


class _Event(_Part):
    """An HTTP API event of version 2, as far as it is used."""

    raw_path: str
    request_context: _Context
    query_string_parameters: dict[str, str] | None = None
    headers: dict[str, str] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


def request_of(event: object) -> ApiRequest:
    """From an HTTP API event of version 2. Raises ValueError when it is none."""
    read = _Event.model_validate(event)
    body = read.body or ""
    authorizer = read.request_context.authorizer
    return ApiRequest(
        read.request_context.http.method,
        read.raw_path,
        read.query_string_parameters or {},
        {name.lower(): value for name, value in (read.headers or {}).items()},
        base64.b64decode(body, validate=True) if read.is_base64_encoded else body.encode(),
        _owner((authorizer and authorizer.iam and authorizer.iam.user_arn) or DIRECT),
    )


def _owner(arn: str) -> str:
    """A role is the same owner whoever holds it, and after its credentials were renewed: without the session's name."""
    role = arn.rpartition("/")[0]
    return role if ":assumed-role/" in role else arn


def answer_of(response: ApiResponse) -> dict[str, Any]:
    """As API Gateway takes it."""
    return {
        "statusCode": response.status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **response.headers},
        "body": json.dumps(response.body),
        "isBase64Encoded": False,
    }
