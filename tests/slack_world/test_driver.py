"""What people can and cannot do, and what the bot then hears."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.slack_world import Application, FakeSlack, NotPossible, Shown
from tests.slack_world.parrot import AGAIN, MODAL, parrot_in
from tests.slack_world.stage import set_stage
from tests.slack_world.test_rules_messages import option, section

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Parrot"},
    "features": {
        "bot_user": {"display_name": "Parrot", "always_online": True},
        "app_home": {"home_tab_enabled": False, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "slash_commands": [
            {"command": "/repeat", "description": "Says it again", "should_escape": True},
        ],
        "shortcuts": [
            {"name": "Repeat this", "type": "message", "callback_id": "repeat_message", "description": "Again"},
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "app_mentions:read"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_mention"]},
        "interactivity": {"is_enabled": True},
    },
}


async def test_a_manifest_says_what_there_is() -> None:
    async with set_stage(manifest=MANIFEST) as stage, parrot_in(stage.slack, stage.team):
        with pytest.raises(NotPossible, match="/shout is not a valid command"):
            await stage.ada.slash(stage.channel, "/shout")
        message = await stage.ada.say(stage.channel, "Once")
        with pytest.raises(NotPossible, match="no shortcut “Shout this”"):
            await stage.ada.shortcut(message, "Shout this")
        with pytest.raises(NotPossible, match="there is no shortcut “Repeat this”"):
            await stage.ada.global_shortcut("Repeat this")
        with pytest.raises(NotPossible, match="Parrot has no Home tab"):
            await stage.ada.open_home()
        shown = await stage.ada.shortcut(message, "Repeat this")
        await stage.slack.until(lambda: shown.text == "Once")
        await stage.ada.react(message, "repeat")
        assert [each.name for each in stage.slack.deliveries] == ["message_action"]
        assert stage.team.bot.name == "Parrot"


async def test_interactions_need_to_be_turned_on() -> None:
    async with set_stage(scopes=("chat:write",)) as stage:
        message = await stage.post("a", blocks=[section(), AGAIN])
        for asking in (stage.ada.slash(stage.channel, "/repeat"), stage.ada.shortcut(message, "any")):
            with pytest.raises(NotPossible, match="without the scope “commands”"):
                await asking
        stage.slack.app.interactive = False
        with pytest.raises(NotPossible, match="leaves interactivity off"):
            await stage.ada.click(message, "Again")


async def test_names_are_told_by_ids_where_the_manifest_says_so() -> None:
    async with set_stage(manifest=MANIFEST) as stage, parrot_in(stage.slack, stage.team):
        shown = await stage.ada.slash(stage.channel, "/repeat", "for @ada in #general <3")
        told = shown.delivery.payload["text"]
        assert told == f"for <@{stage.ada.id}|ada> in <#{stage.channel.id}|general> &lt;3"


async def test_what_is_typed_comes_as_slack_writes_it() -> None:
    async with set_stage() as stage:
        message = await stage.ada.mention(stage.channel, "see https://example.com/a?b&c @Ada <b>")
        assert message.text == (f"{stage.team.bot.tag} see <https://example.com/a?b&amp;c> <@{stage.ada.id}> &lt;b&gt;")
        assert stage.slack.visible_text(message) == "@Inkling see https://example.com/a?b&c @Ada <b>"


async def test_commands_need_a_place_one_sees() -> None:
    async with set_stage() as stage:
        secret = stage.team.add_channel("secret", private=True, members=[])
        old = stage.team.add_channel("old", archived=True)
        for channel in (secret, old):
            with pytest.raises(NotPossible, match="cannot write in"):
                await stage.ada.slash(channel, "/repeat")
        with pytest.raises(NotPossible, match="does not see #secret"):
            await stage.ada.say(secret, "hello")
        with pytest.raises(NotPossible, match="#old is archived"):
            await stage.ada.say(old, "hello")


async def test_guests_see_only_where_they_were_invited() -> None:
    async with set_stage() as stage:
        guest = stage.team.add_user("Guest", guest=True)
        with pytest.raises(NotPossible, match="does not see"):
            await guest.say(stage.channel, "hello")
        stage.channel.members.append(guest)
        assert await guest.say(stage.channel, "hello")


async def test_buttons_that_are_not_there() -> None:
    async with set_stage() as stage:
        message = await stage.post("a", blocks=[section(), AGAIN])
        with pytest.raises(NotPossible, match="there is no “Stop”; there is 'Again'"):
            await stage.ada.click(message, "Stop")
        await stage.ada.delete(message)
        with pytest.raises(NotPossible, match="does not see this message"):
            await stage.ada.click(message, "Again")
        assert stage.slack.deliveries == []


async def test_ephemeral_buttons_are_for_one_person() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team) as app:
        seen: list[dict[str, Any]] = []

        async def keep(ack: Any, body: dict[str, Any], respond: Any) -> None:
            await ack()
            seen.append(body)
            await respond("gone", replace_original=True)

        app.action("keep")(keep)
        eve = stage.team.add_user("Eve")
        element = AGAIN["elements"][0] | {"action_id": "keep"}
        await stage.api.chat_postEphemeral(
            channel=stage.channel.id,
            user=stage.ada.id,
            text="a",
            blocks=[{"type": "actions", "elements": [element]}],
        )
        [message] = stage.ada.sees()
        with pytest.raises(NotPossible, match="Eve does not see this message"):
            await eve.click(message, "Again")
        await stage.ada.click(message, "keep")
        await stage.slack.until(lambda: message.text == "gone")
        assert seen[0]["container"]["is_ephemeral"]
        assert "message" not in seen[0]


async def test_menus_on_messages() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team) as app:
        chosen: list[str] = []

        async def keep(ack: Any, action: dict[str, Any]) -> None:
            await ack()
            chosen.append(action["selected_option"]["value"])

        app.action("menu")(keep)
        app.action("more")(keep)
        menus = [
            {"type": "static_select", "action_id": "menu", "options": [option("a"), option("b")]},
            {"type": "overflow", "action_id": "more", "options": [option("c")]},
        ]
        message = await stage.post("a", blocks=[{"type": "actions", "elements": menus}])
        await stage.ada.choose(message, "menu", "b")
        await stage.ada.choose(message, "more", "c")
        assert chosen == ["b", "c"]
        with pytest.raises(NotPossible, match="“z” is not among"):
            await stage.ada.choose(message, "menu", "z")


async def test_reactions_of_people() -> None:
    async with set_stage() as stage:
        message = await stage.post()
        await stage.ada.react(message, "repeat")
        with pytest.raises(NotPossible, match="already reacted"):
            await stage.ada.react(message, "repeat")
        told = stage.slack.delivery("reaction_added").event
        assert (told["item"]["ts"], told["item_user"]) == (message.ts, stage.team.bot.id)
        stage.slack.app.events = (*stage.slack.app.events, "reaction_removed")
        await stage.ada.unreact(message, "repeat")
        assert stage.slack.delivery("reaction_removed").event["reaction"] == "repeat"


async def test_events_need_the_bot_there_its_scope_and_a_subscription() -> None:
    async with set_stage(scopes=("chat:write", "reactions:read")) as stage:
        outside = stage.team.add_channel("outside", bot=False)
        await stage.ada.mention(stage.channel, "no scope")
        await stage.ada.react(await stage.ada.say(outside, "not there"), "eyes")
        assert stage.slack.deliveries == []
        await stage.ada.react(await stage.ada.say(stage.channel, "there"), "eyes")
        assert [each.name for each in stage.slack.deliveries] == ["reaction_added"]


async def test_direct_messages_are_heard() -> None:
    async with set_stage() as stage:
        channel = stage.team.direct_channel(stage.ada)
        await stage.ada.say(channel, "psst")
        told = stage.slack.delivery("message").event
        assert (told["channel_type"], told["text"]) == ("im", "psst")


async def test_a_click_redelivered_comes_twice() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        message = await stage.post("a", blocks=[section(), AGAIN])
        shown: Shown = await stage.ada.click(message, "Again")
        await stage.slack.redeliver(shown)
        await stage.slack.until(lambda: len(shown.messages) == 2)
        assert shown.delivery.acks == 2


async def test_acks_of_clicks_must_be_empty() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team) as app:

        async def answer(ack: Any) -> None:
            await ack("thanks")

        app.action("odd")(answer)
        element = AGAIN["elements"][0] | {"action_id": "odd"}
        message = await stage.post("a", blocks=[{"type": "actions", "elements": [element]}])
        await stage.ada.click(message, "odd")
        assert "block_actions: the acknowledgement should be empty" in stage.reasons[0]


async def test_modals_of_others_are_not_seen() -> None:
    async with set_stage() as stage, parrot_in(stage.slack, stage.team):
        eve = stage.team.add_user("Eve")
        shown = await stage.ada.slash(stage.channel, "/ask")
        view = await stage.slack.until(lambda: shown.view)
        assert (eve.modal, stage.ada.modal, view.title) == (None, view, MODAL["title"]["text"])
        with pytest.raises(NotPossible, match="Eve does not see this view"):
            await eve.submit(view, {})


async def test_without_an_app_there_is_nothing_to_ask() -> None:
    async with FakeSlack.open() as slack:
        team = slack.add_workspace(installed=False)
        channel, ada = team.add_channel(), team.add_user("Ada")
        await ada.say(channel, "hello")
        with pytest.raises(NotPossible, match="is not installed"):
            await ada.slash(channel, "/repeat")


def test_application_from_a_manifest() -> None:
    app = Application.from_manifest(MANIFEST)
    assert (app.scopes, app.events) == (("chat:write", "commands", "app_mentions:read"), ("app_mention",))
    assert (app.commands, app.has_home, app.answers_messages) == ({"/repeat": True}, False, True)
