"""Modals and the Home tab: triggers, stacks, hashes, and how people fill things in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from tests.fakes.slack_world import NotPossible, View
from tests.fakes.slack_world.deliveries import trigger_for
from tests.fakes.slack_world.rules import acknowledgements
from tests.slack_world.parrot import parrot
from tests.slack_world.stage import Stage, error_of, set_stage
from tests.slack_world.test_rules_messages import many, option, plain, section
from tests.slack_world.test_rules_views import field, modal, number


@asynccontextmanager
async def listening(stage: Stage) -> AsyncIterator[AsyncApp]:
    app = parrot(stage.api)
    handler = AsyncSocketModeHandler(app, stage.slack.app_token, ping_interval=1)
    await handler.connect_async()
    await stage.slack.until(lambda: stage.slack.socket.connections)
    try:
        yield app
    finally:
        await handler.close_async()


async def open_view(stage: Stage, view: dict[str, Any]) -> View:
    """As from a command, by a trigger of Ada's."""
    told = await stage.api.views_open(trigger_id=trigger_for(stage.ada).id, view=view)
    return stage.slack.world.views[told["view"]["id"]]


async def test_a_trigger_opens_one_view_and_soon() -> None:
    async with set_stage() as stage, listening(stage):
        shown = await stage.ada.slash(stage.channel, "/ask")
        await stage.slack.until(lambda: shown.view)
        trigger = shown.delivery.trigger
        assert trigger is not None
        again = stage.api.views_open(trigger_id=trigger.id, view=modal())
        assert await error_of(again) == "exchanged_trigger_id"
        assert "views.open /trigger_id: used twice" in stage.reasons
        assert await error_of(stage.api.views_open(trigger_id="1.2.3", view=modal())) == "invalid_trigger_id"
        gate = stage.slack.faults.hold("views.open")
        late = await stage.ada.slash(stage.channel, "/ask")
        stage.slack.advance(3.1)
        gate.open()
        await stage.slack.until(lambda: stage.slack.web.errors()["expired_trigger_id"])
        assert late.view is None


async def test_updates_may_insist_on_a_hash() -> None:
    async with set_stage() as stage:
        view = await open_view(stage, modal())
        first = view.hash
        await stage.api.views_update(view_id=view.id, hash=first, view=modal(title=plain("New")))
        assert view.title == "New"
        stale = stage.api.views_update(view_id=view.id, hash=first, view=modal())
        assert await error_of(stale) == "hash_conflict"
        await stage.ada.close(view)
        assert await error_of(stage.api.views_update(view_id=view.id, view=modal())) == "not_found"


async def test_external_ids() -> None:
    async with set_stage() as stage:
        view = await open_view(stage, modal(external_id="mine"))
        await stage.api.views_update(external_id="mine", view=modal(external_id="mine", title=plain("New")))
        assert view.title == "New"
        with pytest.raises(Exception, match="duplicate_external_id"):
            await open_view(stage, modal(external_id="mine"))


async def test_no_more_than_three_views_are_stacked() -> None:
    async with set_stage() as stage:
        first = await open_view(stage, modal())
        for _ in range(2):
            await stage.api.views_push(trigger_id=trigger_for(stage.ada).id, view=modal(title=plain("Above")))
        above = stage.ada.modal
        assert above is not None
        assert (above.root, above.title) == (first, "Above")
        pushing = stage.api.views_push(trigger_id=trigger_for(stage.ada).id, view=modal())
        assert await error_of(pushing) == "push_limit_reached"


async def test_home_is_published_and_updated() -> None:
    async with set_stage() as stage:
        home = {"type": "home", "blocks": [section()]}
        await stage.api.views_publish(user_id=stage.ada.id, view=home)
        view = stage.ada.home
        assert view is not None
        told = await stage.api.views_publish(user_id=stage.ada.id, view=home | {"private_metadata": "b"})
        assert (told["view"]["id"], view.private_metadata, stage.ada.modal) == (view.id, "b", None)
        stale = stage.api.views_publish(user_id=stage.ada.id, view=home, hash="1.a")
        assert await error_of(stale) == "hash_conflict"
        assert await error_of(stage.api.views_publish(user_id="U404", view=home)) == "invalid_arguments"


FORM = modal(
    field(max_length=5, initial_value="first"),
    number(min_value="0", max_value="2") | {"block_id": "heat", "label": plain("Heat")},
    field(type="static_select", action_id="model", options=[option("big"), option("small") | {"text": plain("Small")}])
    | {"block_id": "models", "label": plain("Model"), "optional": True},
    field(type="checkboxes", action_id="ticks", options=[option("x"), option("y")])
    | {"block_id": "boxes", "label": plain("Boxes"), "optional": True},
    field(type="users_select", action_id="who") | {"block_id": "people", "label": plain("Who"), "optional": True},
    callback_id="ask",
)


async def test_forms_are_filled_in() -> None:
    async with set_stage() as stage, listening(stage) as app:
        seen: list[dict[str, Any]] = []

        async def keep(ack: Any, view: dict[str, Any]) -> None:
            seen.append(view["state"]["values"])
            await ack()

        app.view("kept")(keep)
        view = await open_view(stage, FORM | {"callback_id": "kept"})
        await stage.ada.submit(view, {"Heat": 0.7, "model": "Small", "Boxes": ["x", "y"], "Who": stage.ada})
        assert seen[0]["words"]["typed"] == {"type": "plain_text_input", "value": "first"}
        assert seen[0]["heat"]["typed"] == {"type": "number_input", "value": "0.7"}
        assert seen[0]["models"]["model"]["selected_option"] == {"text": plain("Small"), "value": "small"}
        assert [each["value"] for each in seen[0]["boxes"]["ticks"]["selected_options"]] == ["x", "y"]
        assert seen[0]["people"]["who"]["selected_user"] == stage.ada.id
        assert not view.open


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"Heat": ""}, "“Heat” must be filled in"),
        ({"Heat": 3}, "not within 0 and 2"),
        ({"Heat": "hot"}, "is no number"),
        ({"Heat": 1, "Words": "sixsix"}, "no more than 5 characters"),
        ({"Heat": 1, "Words": "a\nb"}, "the field has one line"),
        ({"Heat": 1, "Model": "medium"}, "“medium” is not among: a, Small"),
        ({"Heat": 1, "Colour": "red"}, "the view has no field 'Colour'"),
    ],
)
async def test_the_client_keeps_people_from_nonsense(values: dict[str, Any], reason: str) -> None:
    async with set_stage() as stage:
        view = await open_view(stage, FORM)
        with pytest.raises(NotPossible, match=reason):
            await stage.ada.submit(view, values)
        assert stage.slack.deliveries == []


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"response_action": "errors", "errors": {"nowhere": "Bad"}}, "/errors/nowhere"),
        ({"response_action": "errors", "errors": {"words": ""}}, "/errors/words"),
        ({"response_action": "errors", "errors": {}}, "/errors"),
        ({"response_action": "shout"}, "/response_action"),
        ({"text": "thanks"}, "/response_action"),
        ({"response_action": "update", "view": modal(title=plain("a" * 25))}, "/view/title/text"),
        ({"response_action": "push"}, "/view"),
        ({"response_action": "clear", "view": modal()}, "/view"),
    ],
)
async def test_what_comes_back_with_an_acknowledgement_is_checked(answer: dict[str, Any], path: str) -> None:
    async with set_stage() as stage:
        view = await open_view(stage, modal(field()))
        acknowledgements.inspect(view, answer)
        assert [(each.method, each.path) for each in stage.slack.violations] == [("view_submission", path)]


async def test_a_wrong_answer_leaves_the_view_as_it_was() -> None:
    async with set_stage() as stage, listening(stage) as app:

        async def answer(ack: Any) -> None:
            await ack(response_action="errors", errors={"nowhere": "Bad"})

        app.view("odd")(answer)
        view = await open_view(stage, modal(field(), callback_id="odd"))
        shown = await stage.ada.submit(view, {"Words": "a"})
        assert (view.open, shown.errors) == (True, {"nowhere": "Bad"})


async def test_pushed_and_cleared() -> None:
    async with set_stage() as stage, listening(stage) as app:

        async def push(ack: Any) -> None:
            await ack(response_action="push", view=modal(callback_id="second", title=plain("Second")))

        async def clear(ack: Any) -> None:
            await ack(response_action="clear")

        app.view("first")(push)
        app.view("second")(clear)
        first = await open_view(stage, modal(callback_id="first"))
        shown = await stage.ada.submit(first)
        assert (shown.view, shown.view and shown.view.title) == (stage.ada.modal, "Second")
        with pytest.raises(NotPossible, match="does not see this view"):
            await stage.ada.submit(first)
        assert shown.view is not None
        await stage.ada.submit(shown.view)
        assert (stage.ada.modal, first.open) == (None, False)


async def test_closing_is_told_where_the_bot_asked() -> None:
    async with set_stage() as stage, listening(stage) as app:
        closed: list[str] = []

        async def keep(ack: Any, view: dict[str, Any]) -> None:
            await ack()
            closed.append(view["private_metadata"])

        app.view_closed("ask")(keep)
        for notify in (True, False):
            about = {"callback_id": "ask", "private_metadata": str(notify), "notify_on_close": notify}
            await stage.ada.close(await open_view(stage, modal(**about)))
        await stage.slack.settle(0.01)
        assert closed == ["True"]


async def test_choosing_in_a_view_keeps_what_was_chosen() -> None:
    async with set_stage() as stage, listening(stage) as app:
        chosen: list[dict[str, Any]] = []

        async def keep(ack: Any, action: dict[str, Any]) -> None:
            await ack()
            chosen.append(action)

        app.action("menu")(keep)
        element = {"type": "static_select", "action_id": "menu", "options": [option("a"), option("b")]}
        view = await open_view(stage, modal({"type": "actions", "block_id": "row", "elements": [element]}))
        await stage.ada.choose(view, "menu", "b")
        assert [each["selected_option"]["value"] for each in chosen] == ["b"]
        assert view.payload()["state"]["values"]["row"]["menu"]["selected_option"]["value"] == "b"


ASKING = modal(
    field(type="external_select", action_id="model", min_query_length=1)
    | {"block_id": "models", "label": plain("Model")},
    callback_id="ask",
)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"options": [option("small")]}, ""),
        ({"options": []}, ""),
        ({"options": many(101, lambda each: option(f"{each}"))}, "block_suggestion /options: invalid: no more than"),
        ({"options": [{"value": "a"}]}, "block_suggestion /options/0: invalid: missing required field: text"),
    ],
)
async def test_menus_may_ask_the_bot(answer: dict[str, Any], told: str) -> None:
    async with set_stage() as stage, listening(stage) as app:

        async def offer(ack: Any) -> None:
            await ack(**answer)

        app.options("model")(offer)
        view = await open_view(stage, ASKING)
        with pytest.raises(NotPossible, match="too short to look anything up"):
            await stage.ada.look_up(view, "Model")
        assert await stage.ada.look_up(view, "Model", "s") == answer["options"]
        assert [each.startswith(told) for each in stage.reasons] == ([True] if told else [])


async def test_what_was_offered_can_be_chosen() -> None:
    async with set_stage() as stage, listening(stage) as app:

        async def offer(ack: Any) -> None:
            await ack(options=[option("small")])

        async def take(ack: Any) -> None:
            await ack()

        app.options("model")(offer)
        app.view("chosen")(take)
        view = await open_view(stage, ASKING | {"callback_id": "chosen"})
        [offered] = await stage.ada.look_up(view, "Model", "s")
        shown = await stage.ada.submit(view, {"Model": offered})
        values = shown.delivery.payload["view"]["state"]["values"]
        assert values["models"]["model"]["selected_option"] == offered
