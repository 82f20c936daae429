"""Slack's own description of each method, where it is at hand, as a check on calls and on the fake's answers."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.calls import Call

FOLDER = Path("slack", "methods-docs.slack.dev")
# Said by every method, so written down under none.
EVERYWHERE = {
    "account_inactive",
    "app_access_restricted",
    "fatal_error",
    "internal_error",
    "invalid_arguments",
    "invalid_auth",
    "invalid_json",
    "json_not_object",
    "invalid_post_type",
    "missing_scope",
    "not_allowed_token_type",
    "not_authed",
    "ratelimited",
    "service_unavailable",
    "token_revoked",
}


def specs() -> Path | None:
    """The folder with Slack's documents: named by INKLING_TEST_SPECS, or beside the repository."""
    named = os.environ.get("INKLING_TEST_SPECS")
    places = [Path(named)] if named else [each / "shared" / "specs" for each in Path(__file__).resolve().parents]
    return next((each for each in places if (each / FOLDER).is_dir()), None)


class Documents:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, dict[str, Any] | None] = {}
        self._validators: dict[tuple[str, frozenset[str]], Draft7Validator] = {}

    @classmethod
    @cache
    def load(cls) -> Documents | None:
        found = specs()
        return cls(found / FOLDER) if found else None

    def of(self, name: str) -> dict[str, Any] | None:
        if name not in self._read:
            path = self._folder / f"{name}.json"
            self._read[name] = json.loads(path.read_text("utf-8")) if path.is_file() else None
        return self._read[name]

    def request_problem(self, call: Call) -> str:
        if (document := self.of(call.method.name)) is None:
            return ""
        properties = document["args"]["properties"]
        sent = {name: _as_documented(value, properties.get(name, {})) for name, value in call.arguments.items()}
        error = best_match(self._validator(call.method.name, _tolerated(call)).iter_errors(sent))
        return f"as documented: {error.json_path}: {error.message[:300]}" if error else ""

    def _validator(self, name: str, tolerated: frozenset[str]) -> Draft7Validator:
        if (name, tolerated) not in self._validators:
            arguments = (self.of(name) or {})["args"]
            needed = set(arguments.get("required") or ()) - {"token"} - tolerated
            schema = {"type": "object", "properties": arguments["properties"], "required": sorted(needed)}
            self._validators[name, tolerated] = Draft7Validator(schema)
        return self._validators[name, tolerated]

    def answer_problems(self, name: str, payload: Any) -> list[str]:
        if (document := self.of(name)) is None or not isinstance(payload, dict):
            return []
        if payload["ok"]:
            needed = (document.get("output") or {}).get("required") or ()
            return [f"the answer lacks {key}" for key in needed if key not in payload]
        errors = document.get("errors") or ()
        known = {each if isinstance(each, str) else each.get("name") for each in errors} | EVERYWHERE
        return [] if payload["error"] in known else [f"{payload['error']} is not documented"]


def _tolerated(call: Call) -> frozenset[str]:
    """Documented as required, though the SDK sends chunks."""
    return frozenset({"markdown_text"} if "chunks" in call.arguments else ())


def _as_documented(value: Any, schema: dict[str, Any]) -> Any:
    """Structures are documented as JSON in a string, and forms have no numbers."""
    kinds = {schema.get("type"), *(each.get("type") for each in schema.get("anyOf", ()))} - {None}
    if isinstance(value, dict | list) and "string" in kinds:
        return json.dumps(value)
    if isinstance(value, str) and kinds & {"integer", "number"} and value.lstrip("-").isdigit():
        return int(value)
    if isinstance(value, str) and kinds == {"array"}:
        return value.split(",")
    return value
