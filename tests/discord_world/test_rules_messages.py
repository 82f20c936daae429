"""Each rule on messages is caught, and refused where Discord refuses it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.discord_world.raw_client import QUIET, reasons
from tests.discord_world.stage import set_stage

HOUR_S = 3600.0
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "2001 characters": ({"content": "x" * 2001}, "content: Must be 2000 or fewer"),
    "content of another type": ({"content": 7}, "content: Could not interpret"),
    "eleven embeds": ({"embeds": [{"title": "a"}] * 11}, "embeds: Must be between 0 and 10"),
    "6001 characters in embeds": (
        {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
        "maximum size of 6000",
    ),
    "a long title": ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title"),
    "a long description": ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description"),
    "a field without value": ({"embeds": [{"fields": [{"name": "a", "value": ""}]}]}, "fields.0.value: This field"),
    "a long field": ({"embeds": [{"fields": [{"name": "a", "value": "x" * 1025}]}]}, "fields.0.value: Must be 1024"),
    "26 fields": ({"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}, "embeds.0.fields: Must be"),
    "a long footer": ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "embeds.0.footer.text"),
    "a long author": ({"embeds": [{"author": {"name": "x" * 257}}]}, "embeds.0.author.name"),
    "a colour beyond white": ({"embeds": [{"title": "a", "color": 0x1000000}]}, "embeds.0.color"),
    "a long nonce": ({"content": "a", "nonce": "x" * 26}, "nonce: Must be 25"),
    "eleven attachments": (
        {"content": "a", "attachments": [{"id": str(n), "filename": "a"} for n in range(11)]},
        "attachments: Must be between 0 and 10",
    ),
    "users both parsed and listed": (
        {"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        "mutually exclusive",
    ),
    "101 users to mention": (
        {"content": "a", "allowed_mentions": {"parse": [], "users": [str(n) for n in range(101)]}},
        "allowed_mentions.users: Must be between 0 and 100",
    ),
    "content in a layout": (
        {"content": "a", "flags": 1 << 15, "components": [{"type": 10, "content": "b"}]},
        "Layout takes no content",
    ),
    "an embed that is a text": ({"embeds": ["a"]}, "wrong shape"),
}
FROWNED: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": ({"content": "a", "embed": {}}, "embed: unknown key"),
    "an unknown key in an embed": ({"embeds": [{"titel": "a", "title": "b"}]}, "embeds.0.titel: unknown key"),
    "an unknown key in a field": (
        {"embeds": [{"fields": [{"name": "a", "value": "b", "inlined": True}]}]},
        "embeds.0.fields.0.inlined: unknown key",
    ),
    "an unknown key in an attachment": (
        {"content": "a", "attachments": [{"id": "0", "name": "a"}]},
        "attachments.0.name: unknown key",
    ),
    "an unknown key in allowed_mentions": (
        {"content": "a", "allowed_mentions": {"parse": [], "everyone": False}},
        "allowed_mentions.everyone: unknown key",
    ),
    "the ephemeral flag": ({"content": "a", "flags": 64}, "flags: 64 cannot be set here"),
    "enforcing no nonce": ({"content": "a", "enforce_nonce": True}, "there is no nonce"),
}
LOUD: dict[str, tuple[Any, str]] = {
    "nothing said": (None, "allowed_mentions: missing"),
    "users": ({"parse": ["users"]}, "may notify"),
    "one role": ({"parse": [], "roles": ["1"]}, "may notify"),
    "the author": ({"parse": [], "replied_user": True}, "may notify"),
    "no list": ({}, "may notify"),
}


@pytest.mark.parametrize("rule", REFUSED)
async def test_discord_refuses(rule: str) -> None:
    body, reason = REFUSED[rule]
    async with set_stage() as stage:
        reply = await stage.api("POST", f"/channels/{stage.channel.id}/messages", QUIET | body)
        assert (reply.status, reply.code) == (400, 50035)
        assert reply.body["errors"]
        assert reason in reasons(stage.discord)
        assert stage.channel.messages == []


@pytest.mark.parametrize("rule", FROWNED)
async def test_discord_lets_pass_what_the_fake_reports(rule: str) -> None:
    body, reason = FROWNED[rule]
    async with set_stage() as stage:
        reply = await stage.api("POST", f"/channels/{stage.channel.id}/messages", QUIET | body)
        assert reply.status == 200
        assert reason in reasons(stage.discord)


@pytest.mark.parametrize("way", LOUD)
async def test_a_message_that_could_notify_is_reported(way: str) -> None:
    allowed, reason = LOUD[way]
    body = {"content": "hello"} | ({} if allowed is None else {"allowed_mentions": allowed})
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        assert reasons(stage.discord) == ""
        await stage.api("POST", f"/channels/{stage.channel.id}/messages", body)
        assert reason in reasons(stage.discord)
        await stage.api("PATCH", f"/channels/{stage.channel.id}/messages/{message.id}", body)
        assert reason in reasons(stage.discord)


async def test_an_edit_takes_fewer_keys() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        path = f"/channels/{stage.channel.id}/messages/{message.id}"
        await stage.api("PATCH", path, QUIET | {"content": "a", "nonce": "n"})
        assert "nonce: unknown key" in reasons(stage.discord)


async def test_nothing_is_no_message() -> None:
    async with set_stage() as stage:
        for content in ("", " \n "):
            assert (await stage.api.send(stage.channel, content)).code == 50006
        message = await stage.api.sent(stage.channel)
        reply = await stage.api("PATCH", f"/channels/{stage.channel.id}/messages/{message.id}", QUIET | {"content": ""})
        assert reply.code == 50006
        assert message.content == "hello"


async def test_errors_are_nested_by_field() -> None:
    async with set_stage() as stage:
        reply = await stage.api.send(stage.channel, embeds=[{"title": "a"}, {"title": "x" * 257}])
        assert reply.body == {
            "code": 50035,
            "message": "Invalid Form Body",
            "errors": {
                "embeds": {
                    "1": {
                        "title": {
                            "_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]
                        }
                    }
                }
            },
        }


async def test_a_layout_stays_one_and_holds_forty_parts() -> None:
    async with set_stage() as stage:
        text = {"type": 10, "content": "text"}
        laid_out = await stage.api.sent(stage.channel, "", flags=1 << 15, components=[text])
        path = f"/channels/{stage.channel.id}/messages/{laid_out.id}"
        assert (await stage.api("PATCH", path, QUIET | {"flags": 0})).code == 50035
        assert (await stage.api("PATCH", path, QUIET | {"content": "plain"})).code == 50035
        assert (await stage.api("PATCH", path, QUIET | {"components": [text] * 41})).code == 50035
        long = [{"type": 10, "content": "x" * 2001}] * 2
        assert (await stage.api("PATCH", path, QUIET | {"components": long})).code == 50035
        reasons(stage.discord)
        assert (await stage.api("PATCH", path, QUIET | {"components": [text] * 40})).status == 200
        assert reasons(stage.discord) == ""


async def test_old_messages_take_few_edits() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        path = f"/channels/{stage.channel.id}/messages/{message.id}"
        for number in range(8):
            assert (await stage.api("PATCH", path, QUIET | {"content": f"{number}"})).status == 200
        stage.discord.advance(HOUR_S + 1)
        replies = [await stage.api("PATCH", path, QUIET | {"content": f"late {number}"}) for number in range(4)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429]
        assert replies[-1].code == 30046
        assert message.past == ["hello", *map(str, range(8)), "late 0", "late 1"]


async def test_a_repeated_nonce_returns_the_first_message() -> None:
    async with set_stage() as stage:
        first = await stage.api.send(stage.channel, "once", nonce="n1", enforce_nonce=True)
        again = await stage.api.send(stage.channel, "twice", nonce="n1", enforce_nonce=True)
        unforced = await stage.api.send(stage.channel, "thrice", nonce="n1")
        assert first.body["id"] == again.body["id"] != unforced.body["id"]
        assert [message.content for message in stage.channel.messages] == ["once", "thrice"]
