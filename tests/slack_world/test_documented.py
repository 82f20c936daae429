"""The fake's own list of methods, arguments, tiers and scopes, held to Slack's documents."""

from __future__ import annotations

import pytest

from tests.fakes.slack_world.web_api import server  # noqa: F401  Registers the methods.
from tests.fakes.slack_world.web_api.calls import METHODS
from tests.fakes.slack_world.web_api.documented import Documents

DOCUMENTS = Documents.load()
pytestmark = pytest.mark.skipif(DOCUMENTS is None, reason="Slack's documents are not at hand (INKLING_TEST_SPECS)")


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
