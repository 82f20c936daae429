"""Discord's own OpenAPI document, where it is at hand, as a check on requests and on the fake's answers."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

if TYPE_CHECKING:
    from tests.fakes.discord_world.rest.routing import Call, Route

DOCUMENT = "urn:discord"
PLACEHOLDER = re.compile(r"\{[^}]+\}")


def specs() -> Path | None:
    """The folder with Discord's document: named by INKLING_TEST_SPECS, or beside the repository."""
    named = os.environ.get("INKLING_TEST_SPECS")
    places = [Path(named)] if named else [each / "shared" / "specs" for each in Path(__file__).resolve().parents]
    return next((each for each in places if (each / "discord" / "openapi.json").is_file()), None)


class OpenApi:
    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = {PLACEHOLDER.sub("{}", path): (path, held) for path, held in document["paths"].items()}
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(DOCUMENT, resource)
        self._seen: dict[str, str] = {}
        self._validators: dict[tuple[str, ...], Draft202012Validator | None] = {}

    @classmethod
    @cache
    def load(cls) -> OpenApi | None:
        folder = specs()
        return cls(json.loads((folder / "discord" / "openapi.json").read_text("utf-8"))) if folder else None

    def request_problem(self, call: Call) -> str:
        steps = ("requestBody", "content", "application/json", "schema")
        if call.body is None or (validator := self._validator(call.route, steps)) is None:
            return ""
        key = call.route.key + json.dumps(call.body)
        if key not in self._seen:
            self._seen[key] = _sentence(best_match(validator.iter_errors(_tolerated(call.body))))
        return self._seen[key]

    def answer_problem(self, route: Route, status: int, payload: Any) -> str:
        """Refusals have one shape everywhere, which the document writes as 4XX."""
        key = "4XX" if 400 <= status < 500 else str(status)
        if (validator := self._validator(route, ("responses", key, "content", "application/json", "schema"))) is None:
            return ""
        return _sentence(best_match(validator.iter_errors(payload)))

    def knows(self, route: Route) -> bool:
        return self._operation(route) is not None

    def statuses(self, route: Route) -> set[str]:
        operation = self._operation(route)
        return set(operation[1]["responses"]) if operation else set()

    def _operation(self, route: Route) -> tuple[str, dict[str, Any]] | None:
        path, held = self._paths.get(PLACEHOLDER.sub("{}", route.template), ("", {}))
        operation = held.get(route.method.lower())
        return (path, operation) if operation else None

    def _validator(self, route: Route, steps: tuple[str, ...]) -> Draft202012Validator | None:
        key = (route.key, *steps)
        if key not in self._validators:
            self._validators[key] = self._built(route, steps)
        return self._validators[key]

    def _built(self, route: Route, steps: tuple[str, ...]) -> Draft202012Validator | None:
        found = self._operation(route)
        if found is None:
            return None
        path, here = found
        for step in steps:
            if step not in here:
                return None
            here = here[step]
        pointer = "/".join(_escaped(step) for step in ("", "paths", path, route.method.lower(), *steps))
        return Draft202012Validator({"$ref": f"{DOCUMENT}#{pointer}"}, registry=self._registry)


def _escaped(step: str) -> str:
    quoted = step.replace("~", "~0").replace("/", "~1")
    return quoted.replace("{", "%7B").replace("}", "%7D")


def _tolerated(body: Any) -> Any:
    """discord.py numbers new attachments with integers, which Discord takes though it documents strings."""
    if isinstance(body, dict):
        return {
            key: [_string_id(each) for each in value] if key == "attachments" and value else _tolerated(value)
            for key, value in body.items()
        }
    return body


def _string_id(attachment: Any) -> Any:
    if isinstance(attachment, dict) and isinstance(attachment.get("id"), int):
        return attachment | {"id": str(attachment["id"])}
    return attachment


def _sentence(error: ValidationError | None) -> str:
    return f"OpenAPI: {error.json_path}: {error.message[:300]}" if error else ""
