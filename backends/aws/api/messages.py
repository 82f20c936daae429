"""What comes in and goes out, apart from how: API Gateway's events and direct invocations look alike from here."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DIRECT = "direct"
"""The owner of what comes by direct invocation: whoever may invoke the function."""


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


def request_of(event: Mapping[str, Any]) -> ApiRequest:
    """From an HTTP API event of version 2. Raises ValueError when it is none."""
    try:
        context = event["requestContext"]
        iam = (context.get("authorizer") or {}).get("iam") or {}
        return ApiRequest(
            context["http"]["method"],
            event["rawPath"],
            event.get("queryStringParameters") or {},
            {name.lower(): value for name, value in (event.get("headers") or {}).items()},
            _body(event),
            _owner(iam.get("userArn") or DIRECT),
        )
    except (KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise ValueError("not an HTTP API event") from error


def _owner(arn: str) -> str:
    """A role is the same owner whoever holds it, and after its credentials were renewed: without the session's name."""
    role = arn.rpartition("/")[0]
    return role if ":assumed-role/" in role else arn


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    return (
        base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    )


def answer_of(response: ApiResponse) -> dict[str, Any]:
    """As API Gateway takes it."""
    return {
        "statusCode": response.status,
        "headers": {"content-type": "application/json", "cache-control": "no-store", **response.headers},
        "body": json.dumps(response.body),
        "isBase64Encoded": False,
    }
