"""What the page sends, checked."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from ulid import ULID

from bots.web.errors import WrongContentType
from config.errors import InvalidOptions

EventId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageBody(Body):
    """A typed command or plain text. The same `event_id` again is the same message."""

    text: str
    event_id: EventId
    private: bool = False


class ForkBody(Body):
    """Keep so many characters of the sample, go on with `token` instead of `taken`."""

    kept: int
    token: str
    taken: str = ""


class ActionBody(Body):
    """A button on a result; each action reads what it needs. Without an `event_id` each press is a new one."""

    event_id: EventId = Field(default_factory=lambda: str(ULID()))
    sample: int = 0
    overrides: dict[str, Any] = Field(default_factory=dict)
    model: str | None = None
    prompt: str | None = None
    fork: ForkBody | None = None


class ConfigBody(Body):
    action: Literal["set", "reset", "import"]
    name: str | None = None
    value: str = ""
    channel: str | None = None


class PresetBody(Body):
    """A preset of one's own; without options it is deleted."""

    name: str
    options: dict[str, Any] | None = None


class ForgetBody(Body):
    confirm: Literal[True]


B = TypeVar("B", bound=Body)


async def read_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object. Only the JSON content type, which another site's form can't send."""
    if request.content_type != "application/json":
        raise WrongContentType("Send JSON, with the header Content-Type: application/json.")
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise InvalidOptions("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise InvalidOptions("The body must be a JSON object.")
    return body


async def read_body(request: web.Request, kind: type[B]) -> B:
    """The body as that model; InvalidOptions names the first field that is wrong."""
    body = await read_object(request)
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise InvalidOptions(_sentence(error.errors()[0])) from error


def _sentence(detail: ErrorDetails) -> str:
    name = str(detail["loc"][0]) if detail["loc"] else "body"
    match detail["type"]:
        case "missing":
            return f"{name} is missing."
        case "extra_forbidden":
            return f'There is no field "{name[:40]}" here.'
        case "string_unicode":
            return f"{name} holds half of a surrogate pair; take it out and send it again."
        case _:
            return f"{name}: {detail['msg'][:1].lower()}{detail['msg'][1:]}."
