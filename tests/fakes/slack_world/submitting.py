"""Modals sent and closed, and what the bot's answer does to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.fakes.slack_world import asking, forms, views
from tests.fakes.slack_world.deliveries import Delivery, Kind, trigger_for
from tests.fakes.slack_world.rules import acknowledgements

if TYPE_CHECKING:
    from tests.fakes.slack_world.people import User
    from tests.fakes.slack_world.views import View


async def submit(user: User, view: View, values: Mapping[str, Any]) -> Delivery:
    if not view.open or view.user is not user or view is not views.top_modal(user):
        raise asking.NotPossible(f"{user.name} does not see this view")
    forms.fill(view, values)
    trigger = trigger_for(user)
    payload = asking.interaction(user, "view_submission") | {
        "trigger_id": trigger.id,
        "view": view.payload(),
        "response_urls": [],
    }
    delivery = await asking.ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, view, None, trigger))
    _answered(view, delivery)
    return delivery


async def look_up(user: User, view: View, menu: dict[str, Any], typed: str) -> list[dict[str, Any]]:
    payload = asking.interaction(user, "block_suggestion") | {
        "action_id": menu["action_id"],
        "block_id": menu["block_id"],
        "value": typed,
        "view": view.payload(),
        "container": {"type": "view", "view_id": view.id},
    }
    delivery = await asking.ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, view))
    acknowledgements.inspect_options(view, delivery.ack_payload)
    options: list[dict[str, Any]] = (delivery.ack_payload or {}).get("options", [])
    return options


def _answered(view: View, delivery: Delivery) -> None:
    payload = delivery.ack_payload
    action = payload.get("response_action") if payload else None
    if not acknowledgements.inspect(view, payload) or action == "errors":
        return
    if action in ("update", "push"):
        delivery.opened.append(_shown(view, payload["view"], push=action == "push"))
    elif action == "clear":
        _close_all(view.user)
    else:
        view.open = False
    view.world.changes.announce()


def _shown(view: View, content: dict[str, Any], *, push: bool) -> View:
    if push:
        return views.show_new(view.user, content, previous=view)
    view.show(content)
    return view


def _close_all(user: User) -> None:
    for each in user.world.views.values():
        if each.user is user and not each.is_home:
            each.open = False


async def close(user: User, view: View) -> None:
    if not view.open or view.user is not user:
        raise asking.NotPossible(f"{user.name} does not see this view")
    view.open = False
    view.world.changes.announce()
    if view.content.get("notify_on_close"):
        payload = asking.interaction(user, "view_closed") | {"view": view.payload(), "is_cleared": False}
        await asking.ask(user, Delivery(user.workspace, Kind.INTERACTIVE, payload, view))
