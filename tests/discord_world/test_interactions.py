"""Interactions: when they may be answered, how often, and what becomes of the answers."""

from __future__ import annotations

import pytest

from tests.discord_world.raw_client import QUIET, invoked, reasons
from tests.discord_world.stage import set_stage
from tests.fakes.discord_world import Ack, Permission
from tests.fakes.discord_world.asking import NoAnswer, answered

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES = 4, 5, 6, 7, 8
HELLO = QUIET | {"content": "hello"}


async def test_three_seconds_are_all_there_is() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        stage.discord.advance(3.01)
        reply = await stage.api.answer(interaction, DEFERRED)
        assert (reply.status, reply.code) == (404, 10062)
        with pytest.raises(NoAnswer, match="did not respond"):
            await answered(interaction)
        assert (await stage.api("POST", stage.api.hook(interaction), HELLO)).status == 404


async def test_a_second_answer_is_refused() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        assert (await stage.api.answer(interaction, MESSAGE, HELLO)).status == 204
        reply = await stage.api.answer(interaction, DEFERRED)
        assert (reply.status, reply.code) == (400, 40060)
        assert len(stage.channel.messages) == 1


async def test_a_wrong_token_is_unknown() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        path = f"/interactions/{interaction.id}/{'x' * 60}/callback"
        assert (await stage.api("POST", path, {"type": 5})).code == 10062


async def test_the_token_lasts_fifteen_minutes() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        await stage.api.answer(interaction, DEFERRED)
        hook = stage.api.hook(interaction)
        stage.discord.advance(14 * 60)
        assert (await stage.api("PATCH", hook + "/messages/@original", HELLO)).status == 200
        stage.discord.advance(61)
        reply = await stage.api("PATCH", hook + "/messages/@original", HELLO)
        assert (reply.status, reply.code) == (401, 50027)
        message = stage.channel.messages[0]
        own = await stage.api("PATCH", f"/channels/{stage.channel.id}/messages/{message.id}", QUIET | {"content": "on"})
        assert own.status == 200
        assert message.content == "on"


async def test_a_deferred_answer_shows_a_spinner_until_it_is_edited() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        reply = await stage.api.answer(interaction, DEFERRED, with_response="true")
        assert "resource" not in reply.body
        message = stage.channel.messages[0]
        assert message.loading
        await stage.api("PATCH", stage.api.hook(interaction) + "/messages/@original", HELLO)
        assert (message.loading, message.content, message.edited_at) == (False, "hello", None)
        assert message.payload()["interaction_metadata"]["user"]["id"] == str(stage.ada.id)


async def test_a_followup_to_a_spinner_takes_its_place_and_is_reported() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        await stage.api.answer(interaction, DEFERRED)
        await stage.api("POST", stage.api.hook(interaction), HELLO)
        assert [message.content for message in stage.channel.messages] == ["hello"]
        assert "deprecated" in reasons(stage.discord)


async def test_what_is_ephemeral_only_its_user_sees() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        await stage.api.answer(interaction, DEFERRED, {"flags": 64})
        await stage.api("PATCH", stage.api.hook(interaction) + "/messages/@original", HELLO)
        assert interaction.ephemeral
        assert interaction.original is not None
        assert interaction.original.content == "hello"
        assert stage.channel.messages == []
        path = f"/channels/{stage.channel.id}/messages/{interaction.original.id}"
        assert (await stage.api("GET", path)).code == 10008
        assert (await stage.api("PATCH", path, HELLO)).code == 10008
        hook = stage.api.hook(interaction)
        assert (await stage.api("DELETE", hook + "/messages/@original")).status == 204
        assert (await stage.api("GET", hook + "/messages/@original")).code == 10008


async def test_followups_are_messages_of_their_own() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        hook = stage.api.hook(interaction)
        await stage.api.answer(interaction, MESSAGE, HELLO)
        quiet = await stage.api("POST", hook, QUIET | {"content": "psst", "flags": 64})
        loud = await stage.api("POST", hook, QUIET | {"content": "more"})
        await stage.api("PATCH", f"{hook}/messages/{loud.body['id']}", QUIET | {"content": "most"})
        assert [message.content for message in stage.channel.messages] == ["hello", "most"]
        assert [message.ephemeral for message in interaction.followups] == [True, False]
        assert (await stage.api("GET", f"{hook}/messages/{quiet.body['id']}")).body["content"] == "psst"
        assert (await stage.api("DELETE", f"{hook}/messages/{loud.body['id']}")).status == 204
        assert [message.content for message in stage.channel.messages] == ["hello"]


async def test_a_component_may_update_its_message_or_leave_it() -> None:
    async with set_stage() as stage:
        message = await stage.api.sent(stage.channel)
        update, leave = (invoked(stage.ada.user, stage.channel, message) for _ in range(2))
        await stage.api.answer(update, UPDATE, QUIET | {"content": "updated"})
        await stage.api.answer(leave, DEFERRED_UPDATE)
        assert (message.content, message.loading) == ("updated", False)
        await stage.api("PATCH", stage.api.hook(leave) + "/messages/@original", QUIET | {"content": "later"})
        assert message.content == "later"
        assert update.original is leave.original is message


async def test_each_kind_takes_only_fitting_answers() -> None:
    async with set_stage() as stage:
        interaction = invoked(stage.ada.user, stage.channel)
        for kind, data in ((UPDATE, HELLO), (DEFERRED_UPDATE, None), (CHOICES, {"choices": []}), (77, None)):
            assert (await stage.api.answer(interaction, kind, data)).code == 50035
        assert interaction.ack is None


async def test_where_the_bot_is_not_installed_five_followups_are_the_most() -> None:
    async with set_stage() as stage:
        elsewhere = stage.discord.add_guild("Elsewhere", has_bot=False)
        channel = elsewhere.add_channel("lobby")
        bob = elsewhere.add_member("Bob")
        interaction = invoked(bob.user, channel)
        assert interaction.payload()["authorizing_integration_owners"] == {"1": str(bob.id)}
        await stage.api.answer(interaction, MESSAGE, HELLO)
        replies = [await stage.api("POST", stage.api.hook(interaction), HELLO) for _ in range(6)]
        assert [reply.status for reply in replies] == [200] * 5 + [400]
        assert replies[-1].code == 40094
        assert (await stage.api.send(channel)).code == 50001


async def test_the_answer_needs_no_permission_but_the_bots_own_messages_do() -> None:
    async with set_stage() as stage:
        stage.channel.overwrite(stage.guild.me, deny=Permission.VIEW_CHANNEL)
        interaction = invoked(stage.ada.user, stage.channel)
        assert (await stage.api.answer(interaction, MESSAGE, HELLO)).status == 204
        assert interaction.ack is Ack.MESSAGE
        assert interaction.payload()["app_permissions"] == "0"
        assert (await stage.api.send(stage.channel)).code == 50001
