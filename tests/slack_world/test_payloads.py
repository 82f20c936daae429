"""What the fake says holds no key, and no type, that Slack's own SDKs have not seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.slack_world.web_api.documented import specs
from tests.slack_world.parrot import AGAIN, MODAL, parrot_in
from tests.slack_world.stage import Stage, set_stage
from tests.slack_world.test_rules_messages import section

SPECS = specs()
pytestmark = pytest.mark.skipif(SPECS is None, reason="Slack's samples are not at hand (INKLING_TEST_SPECS)")
# Free-form: what apps put there themselves, or keyed by ids.
FREE = {"blocks", "attachments", "metadata", "state", "values", "icons", "topic", "purpose", "args"}
# Documented, but newer than the samples.
NEWER = {
    "context_team_id",
    "priority",
    "edited",
    "files",
    "message",
    "warning",
    "pending_shared",
    "reactions",
    "response_urls",
}


def sample(name: str) -> dict[str, Any]:
    assert SPECS is not None
    held: dict[str, Any] = json.loads((SPECS / "slack" / "java-json-logs" / f"{name}.json").read_text("utf-8"))
    return held


def surplus(mine: Any, seen: Any, path: str = "") -> list[str]:
    if isinstance(mine, dict) and isinstance(seen, dict) and seen:
        return [each for key, value in mine.items() for each in _of_key(key, value, seen, f"{path}/{key}")]
    if isinstance(mine, list) and isinstance(seen, list) and seen:
        return [each for number, item in enumerate(mine) for each in surplus(item, seen[0], f"{path}/{number}")]
    # Forms have no booleans: “false” is what Slack writes there.
    same = mine in (None, "false") or seen is None or _kind(mine) == _kind(seen)
    return [] if same else [f"{path} is {mine!r}, seen as {seen!r}"]


def _of_key(key: str, value: Any, seen: dict[str, Any], path: str) -> list[str]:
    if key in FREE or (key in NEWER and key not in seen):
        return []
    return surplus(value, seen[key], path) if key in seen else [path]


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


Asking = Callable[[Stage, Any], Any]
CALLS: dict[str, Asking] = {
    "auth.test": lambda stage, _: stage.api.auth_test(),
    "users.info": lambda stage, _: stage.api.users_info(user=stage.ada.id),
    "team.info": lambda stage, _: stage.api.team_info(),
    "bots.info": lambda stage, _: stage.api.bots_info(),
    "conversations.info": lambda stage, _: stage.api.conversations_info(channel=stage.channel.id),
    "conversations.join": lambda stage, _: stage.api.conversations_join(channel=stage.channel.id),
    "conversations.list": lambda stage, _: stage.api.conversations_list(),
    "conversations.members": lambda stage, _: stage.api.conversations_members(channel=stage.channel.id),
    "chat.getPermalink": lambda stage, it: stage.api.chat_getPermalink(channel=stage.channel.id, message_ts=it.ts),
    "chat.update": lambda stage, it: stage.api.chat_update(
        channel=stage.channel.id, ts=it.ts, text="b", parse="none", blocks=[section()]
    ),
    "chat.delete": lambda stage, it: stage.api.chat_delete(channel=stage.channel.id, ts=it.ts),
    "chat.postEphemeral": lambda stage, _: stage.api.chat_postEphemeral(
        channel=stage.channel.id, user=stage.ada.id, text="b"
    ),
    "reactions.add": lambda stage, it: stage.api.reactions_add(channel=stage.channel.id, timestamp=it.ts, name="eyes"),
    "views.publish": lambda stage, _: stage.api.views_publish(
        user_id=stage.ada.id, view={"type": "home", "blocks": [section()]}
    ),
    "files.getUploadURLExternal": lambda stage, _: stage.api.files_getUploadURLExternal(filename="a.txt", length=1),
}


@pytest.mark.parametrize("name", CALLS)
async def test_answers(name: str) -> None:
    async with set_stage() as stage:
        message = await stage.post("a", blocks=[section()])
        told = await CALLS[name](stage, message)
        assert surplus(told.data, sample(f"api/{name}")) == []


async def test_interactions() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        message = await stage.post("a", blocks=[section(), AGAIN])
        shown = await stage.ada.slash(stage.channel, "/ask")
        view = await stage.slack.until(lambda: shown.view)
        assert view.title == MODAL["title"]["text"]
        told = {
            "SlashCommandPayload": shown,
            "BlockActionPayload": await stage.ada.click(message, "Again"),
            "MessageShortcutPayload": await stage.ada.shortcut(message, "repeat_message"),
            "ViewSubmissionPayload": await stage.ada.submit(view, {"Words": "a"}),
        }
        for name, each in told.items():
            assert surplus(each.delivery.payload, sample(f"app-backend/{name}")) == [], name


async def test_events() -> None:
    subscribed = "app_mention reaction_added message.im message.channels app_home_opened member_joined_channel"
    async with set_stage(scopes=(*["chat:write", "channels:history", "im:history", "channels:read"], *SEEING)) as stage:
        stage.slack.app.events = (*subscribed.split(), "tokens_revoked", "app_uninstalled")
        said = await stage.ada.mention(stage.channel, "hello")
        await stage.ada.edit(said, "bye")
        await stage.ada.react(said, "eyes")
        await stage.ada.delete(said)
        await stage.ada.invite(stage.channel, stage.team.add_user("Eve", guest=True))
        await stage.ada.upload(stage.channel, "a.txt", "a")
        await stage.ada.open_messages()
        stage.team.uninstall()
        heard = stage.slack.deliveries
        assert [each.event.get("subtype", each.name) for each in heard] == list(HEARD)
        for delivery, name in zip(heard, HEARD.values(), strict=True):
            assert surplus(delivery.payload, sample(f"events/{name}Payload")) == [], name


SEEING = ("app_mentions:read", "reactions:read")
HEARD = {
    "message": "Message",
    "app_mention": "AppMention",
    "message_changed": "MessageChanged",
    "reaction_added": "ReactionAdded",
    "message_deleted": "MessageDeleted",
    "member_joined_channel": "MemberJoinedChannel",
    "file_share": "MessageFileShare",
    "app_home_opened": "AppHomeOpened",
    "tokens_revoked": "TokensRevoked",
    "app_uninstalled": "AppUninstalled",
}
