"""The fake's own list of methods, arguments, tiers and scopes, held to Slack's documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.slack_world.web_api import server  # noqa: F401  Registers the methods.
from tests.fakes.slack_world.web_api.calls import METHODS
from tests.fakes.slack_world.web_api.documented import FOLDER, Documents, specs
from tests.slack_world.stage import QUIET, error_of, set_stage

DOCUMENTS = Documents.load()
needs_documents = pytest.mark.skipif(DOCUMENTS is None, reason="Slack's documents are not at hand (INKLING_TEST_SPECS)")


@needs_documents
@pytest.mark.parametrize("name", METHODS)
def test_method_is_as_documented(name: str) -> None:
    assert DOCUMENTS is not None
    method, document = METHODS[name], DOCUMENTS.of(name)
    assert document is not None
    arguments = document["args"]
    properties = set(arguments["properties"])
    assert set(method.takes) - {"token"} == properties - {"token"}
    assert set(method.needs) >= set(arguments.get("required") or ()) - {"token"} - {"markdown_text"}
    assert method.tier == document["rate_limits"]
    assert method.json == bool(document.get("json_input_supported"))
    assert set(method.scopes) == set(document["scope"].get("bot", ()))


@needs_documents
async def test_types_are_held_to_the_documents() -> None:
    async with set_stage() as stage:
        await error_of(stage.api.api_call("chat.postMessage", json={"channel": 1, "text": "a", **QUIET}))
        assert "chat.postMessage: as documented: $.channel: 1 is not of type 'string'" in stage.reasons


def test_documents_are_found_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INKLING_TEST_SPECS", str(tmp_path))
    assert specs() is None
    (tmp_path / FOLDER).mkdir(parents=True)
    assert specs() == tmp_path
