"""Each rule on what a message may say is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.slack_world.rules import messages, streams, views
from tests.fakes.slack_world.rules.problems import Problems
from tests.slack_world.stage import QUIET, error_of, set_stage

# slack_sdk notices a missing text by itself.
pytestmark = pytest.mark.filterwarnings("ignore:The top-level `text` argument:UserWarning")


def plain(text: str = "a") -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "a") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(**held: Any) -> dict[str, Any]:
    return {"type": "section", "text": plain()} | held


def button(**held: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "go", "text": plain()} | held


def actions(*elements: dict[str, Any], **held: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)} | held


def option(value: str = "a", **held: Any) -> dict[str, Any]:
    return {"text": plain(), "value": value} | held


def menu(**held: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "menu", "options": [option()]} | held


def many(count: int, make: Callable[[int], Any]) -> list[Any]:
    return [make(number) for number in range(count)]


# Each with where Slack says the fault is and a piece of what it says.
BLOCKS: dict[str, tuple[list[Any], str, str]] = {
    "51 blocks": (many(51, lambda _: {"type": "divider"}), "/blocks", "no more than 50 items"),
    "unknown block": ([{"type": "song"}], "/blocks/0/type", "unsupported type: song"),
    "no block": (["a"], "/blocks/0", "must be an object"),
    "unknown field of a block": ([section(colour="red")], "/blocks/0/colour", "invalid additional property"),
    "block_id of 256": ([section(block_id="a" * 256)], "/blocks/0/block_id", "less than 256"),
    "block_id twice": ([section(block_id="a")] * 2, "/blocks", "block_id already exists: a"),
    "section of 3001": ([section(text=plain("a" * 3001))], "/blocks/0/text/text", "less than 3001"),
    "section of nothing": ([{"type": "section"}], "/blocks/0", "missing required field: text"),
    "empty text": ([section(text=plain(""))], "/blocks/0/text/text", "more than 0"),
    "text that is none": ([section(text="a")], "/blocks/0/text", "must be a text object"),
    "text of another kind": ([section(text={"type": "html", "text": "a"})], "/blocks/0/text/type", "mrkdwn"),
    "unknown field of a text": ([section(text=plain() | {"bold": True})], "/blocks/0/text/bold", "additional"),
    "number as text": ([section(text=plain() | {"text": 1})], "/blocks/0/text/text", "must be a string"),
    "11 fields": ([section(fields=many(11, lambda _: plain()))], "/blocks/0/fields", "no more than 10"),
    "field of 2001": ([section(fields=[plain("a" * 2001)])], "/blocks/0/fields/0/text", "less than 2001"),
    "header of 151": ([{"type": "header", "text": plain("a" * 151)}], "/blocks/0/text/text", "less than 151"),
    "header in mrkdwn": ([{"type": "header", "text": mrkdwn()}], "/blocks/0/text/type", "plain_text"),
    "11 in a context": (
        [{"type": "context", "elements": many(11, lambda _: plain())}],
        "/blocks/0/elements",
        "no more than 10",
    ),
    "empty context": ([{"type": "context", "elements": []}], "/blocks/0/elements", "no fewer than 1"),
    "26 actions": (
        [actions(*many(26, lambda number: button(action_id=f"b{number}")))],
        "/blocks/0/elements",
        "no more than 25",
    ),
    "no actions": ([actions()], "/blocks/0/elements", "no fewer than 1"),
    "action_id twice": ([actions(button(), button())], "/blocks/0", "action_id already exists: go"),
    "action_id of 256": ([actions(button(action_id="a" * 256))], "/blocks/0/elements/0/action_id", "less than 256"),
    "button text of 76": ([actions(button(text=plain("a" * 76)))], "/blocks/0/elements/0/text/text", "less than 76"),
    "button value of 2001": ([actions(button(value="a" * 2001))], "/blocks/0/elements/0/value", "less than 2001"),
    "disabled button": ([actions(button(disabled=True))], "/blocks/0/elements/0/disabled", "additional property"),
    "button style": ([actions(button(style="blue"))], "/blocks/0/elements/0/style", "primary or danger"),
    "button url of 3001": ([actions(button(url="a" * 3001))], "/blocks/0/elements/0/url", "less than 3001"),
    "image among actions": ([actions({"type": "image"})], "/blocks/0/elements/0/type", "unsupported type here"),
    "101 options": (
        [actions(menu(options=many(101, lambda number: option(f"{number}"))))],
        "/blocks/0/elements/0/options",
        "no more than 100",
    ),
    "option of 76": (
        [actions(menu(options=[option(text=plain("a" * 76))]))],
        "/blocks/0/elements/0/options/0/text/text",
        "less than 76",
    ),
    "no options": ([actions(menu(options=[]))], "/blocks/0/elements/0/options", "no fewer than 1"),
    "options and groups": ([actions(menu(option_groups=[]))], "/blocks/0/elements/0", "one of options and"),
    "initial option from elsewhere": (
        [actions(menu(initial_option=option("b")))],
        "/blocks/0/elements/0/initial_option",
        "is not one of the options",
    ),
    "placeholder of 151": (
        [actions(menu(placeholder=plain("a" * 151)))],
        "/blocks/0/elements/0/placeholder/text",
        "less than 151",
    ),
    "6 in an overflow": (
        [actions({"type": "overflow", "action_id": "o", "options": many(6, lambda each: option(f"{each}"))})],
        "/blocks/0/elements/0/options",
        "no more than 5",
    ),
    "confirm without deny": (
        [actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain()}))],
        "/blocks/0/elements/0/confirm",
        "missing required field: deny",
    ),
    "image without alt_text": ([{"type": "image", "image_url": "https://a"}], "/blocks/0", "alt_text"),
    "markdown of 12001": ([{"type": "markdown", "text": "a" * 12_001}], "/blocks/0/text", "less than 12001"),
    "markdown of 12001 in two": (
        [{"type": "markdown", "text": "a" * 7000}, {"type": "markdown", "text": "a" * 5001}],
        "/blocks",
        "more than 12000 characters together",
    ),
}


@pytest.mark.parametrize("name", BLOCKS)
async def test_blocks_are_refused(name: str) -> None:
    blocks, path, sentence = BLOCKS[name]
    async with set_stage() as stage:
        assert await error_of(stage.post("a", blocks=blocks)) == "invalid_blocks"
        assert stage.channel.messages == []
        told = [each for each in stage.slack.violations if each.path == path]
        assert told
        assert any(sentence in each.reason for each in told)


async def test_slack_says_where() -> None:
    async with set_stage() as stage:
        with pytest.raises(Exception, match="invalid_blocks") as caught:
            await stage.post("a", blocks=[section(text=plain(""))])
        metadata = caught.value.response["response_metadata"]
        assert metadata["messages"] == ["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"]


async def test_what_is_right_passes() -> None:
    full = [
        section(text=plain("a" * 3000), block_id="b" * 255, accessory=button(value="a" * 2000)),
        {"type": "header", "text": plain("a" * 150)},
        {"type": "context", "elements": [*many(9, lambda _: mrkdwn("*a* &amp; <https://b|c>")), image()]},
        actions(
            *many(24, lambda each: button(action_id=f"b{each}")), menu(options=many(100, lambda o: option(f"{o}")))
        ),
        section(fields=many(10, lambda _: plain("a" * 2000))),
        {"type": "markdown", "text": "a" * 12_000},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}]},
        *many(43, lambda _: {"type": "divider"}),
    ]
    async with set_stage() as stage:
        await stage.post("a" * 4000, blocks=full)
        assert stage.reasons == []


def image() -> dict[str, Any]:
    return {"type": "image", "image_url": "https://a", "alt_text": ""}


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"text": "a", "markdown_text": "b"}, "markdown_text_conflict"),
        ({"markdown_text": "a" * 12_001}, "msg_blocks_too_long"),
        ({"text": "a", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"text": "a", "metadata": {"event_type": "", "event_payload": {}}}, "invalid_metadata_format"),
        ({"text": "a", "metadata": {"event_type": "a", "event_payload": {}, "b": 1}}, "invalid_metadata_schema"),
        ({"text": "a", "as_user": True}, "as_user_not_supported"),
        ({"text": "a", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"text": "a", "attachments": [{"blocks": [{"type": "song"}]}]}, "invalid_blocks"),
    ],
)
async def test_messages_are_refused(sent: dict[str, Any], error: str) -> None:
    async with set_stage() as stage:
        assert await error_of(stage.api.chat_postMessage(channel=stage.channel.id, **QUIET, **sent)) == error
        assert stage.reasons != []


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"text": "a" * 4001}, "/text: more than 4000 characters"),
        ({"text": "a", "parse": "full"}, "/parse: is full, not none"),
        ({"text": "a", "link_names": True}, "/link_names: is on"),
        ({"text": "a", "unfurl_links": True}, "/unfurl_links: is not off"),
        ({"text": "a", "unfurl_media": None}, "/unfurl_media: is not off"),
        ({"blocks": [section()]}, "/text: blocks without a text"),
        ({"text": "a < b"}, "/text: < is not escaped"),
        ({"text": "a & b"}, "/text: & is not escaped"),
        ({"text": "a &nbsp; b"}, "/text: & is not escaped"),
        ({"text": "a", "blocks": [section(text=mrkdwn("<b>"))]}, "/blocks/0/text/text: < is not escaped"),
        ({"text": "a", "username": "Alice"}, "/username: has no effect"),
        ({"text": "a", "reply_broadcast": True}, "/reply_broadcast: outside a thread"),
        ({"text": "a", "blocks": [actions({"type": "button", "text": plain()})]}, "without action_id"),
    ],
)
async def test_what_slack_lets_pass_is_told(sent: dict[str, Any], told: str) -> None:
    async with set_stage() as stage:
        assert await error_of(stage.api.chat_postMessage(channel=stage.channel.id, **QUIET | sent)) == ""
        assert any(told in each for each in stage.reasons), stage.reasons


async def test_updates_are_shorter_and_say_parse() -> None:
    async with set_stage() as stage:
        message = await stage.post()
        where = {"channel": stage.channel.id, "ts": message.ts}
        assert await error_of(stage.api.chat_update(text="a" * 4001, parse="none", **where)) == "msg_too_long"
        calling = stage.api.chat_postEphemeral(channel=stage.channel.id, user=stage.ada.id, text="a" * 4001)
        assert await error_of(calling) == "msg_too_long"
        assert message.text == "Hello"
        await stage.api.chat_update(text="b", **where)
        assert "chat.update /parse: defaults to client here, so none must be said" in stage.reasons


KEYS = ("type", "text", "elements", "options", "fields", "element", "label", "accessory", "value", "confirm")
TYPES = ("section", "actions", "input", "context", "static_select", "checkboxes", "button", "mrkdwn", "markdown_text")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(TYPES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=50, deadline=None)
def test_rules_bear_anything(sent: Any) -> None:
    """A wrong shape is a problem to tell, never a fault of the fake's own."""
    problems = Problems()
    messages.check(problems, {"text": "a", "blocks": sent, "attachments": sent, "metadata": sent})
    streams.check(problems, {"chunks": sent, "blocks": sent})
    views.check(problems, sent, "modal")
    views.check(problems, {"type": "modal", "title": sent, "blocks": [sent, section() | {"accessory": sent}]}, "modal")
