"""Modals and the Home tab."""

from __future__ import annotations

from tests.fakes.slack_world.deliveries import Trigger
from tests.fakes.slack_world.views import View, home_of, show_new, top_modal
from tests.fakes.slack_world.web_api.calls import Call, Payload, method
from tests.fakes.slack_world.web_api.refusals import Refused

MOST_PUSHED = 3


@method("views.open", "t4", needs="view", takes="trigger_id interactivity_pointer")
def views_open(call: Call) -> Payload:
    _check_external_id(call)
    trigger = _spend(call)
    view = show_new(trigger.user, call.get("view"))
    return _opened(trigger, view)


@method("views.push", "t4", needs="view", takes="trigger_id interactivity_pointer")
def views_push(call: Call) -> Payload:
    trigger = _spend(call)
    below = top_modal(trigger.user)
    if below is None:
        raise Refused("not_found")
    if _depth(below) >= MOST_PUSHED:
        raise Refused("push_limit_reached")
    return _opened(trigger, show_new(trigger.user, call.get("view"), previous=below))


def _depth(view: View) -> int:
    return 1 + (_depth(view.previous) if view.previous else 0)


def _opened(trigger: Trigger, view: View) -> Payload:
    if trigger.delivery is not None:
        trigger.delivery.opened.append(view)
    return {"view": view.payload()}


def _spend(call: Call) -> Trigger:
    """Of an interaction: it opens one view, and soon."""
    trigger = call.world.triggers.get(call.text("trigger_id"))
    if trigger is None or trigger.user.workspace is not call.workspace:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        call.violated("/trigger_id", "used twice")
        raise Refused("exchanged_trigger_id")
    if call.world.clock.now() > trigger.expires_at:
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


@method("views.update", "t4", needs="view", takes="view_id external_id hash")
def views_update(call: Call) -> Payload:
    view = call.world.views.get(call.text("view_id"))
    if external := call.get("external_id"):
        view = next((each for each in _views(call) if each.content.get("external_id") == external and each.open), None)
    if view is None or not view.open or view.workspace is not call.workspace:
        raise Refused("not_found")
    _check_hash(call, view)
    view.show(call.get("view"))
    return {"view": view.payload()}


@method("views.publish", "t4", needs="view user_id", takes="hash interactivity_pointer")
def views_publish(call: Call) -> Payload:
    if not call.world.app.has_home:
        raise Refused("not_enabled")
    user = call.workspace.users.get(call.text("user_id"))
    if user is None:
        raise Refused("invalid_arguments")
    view = home_of(user)
    if view is None:
        view = show_new(user, call.get("view"))
    else:
        _check_hash(call, view)
        view.show(call.get("view"))
    return {"view": view.payload()}


def _check_external_id(call: Call) -> None:
    external = call.get("view").get("external_id")
    if external and any(each.open and each.content.get("external_id") == external for each in _views(call)):
        raise Refused("duplicate_external_id")


def _views(call: Call) -> list[View]:
    return [each for each in call.world.views.values() if each.workspace is call.workspace]


def _check_hash(call: Call, view: View) -> None:
    if call.get("hash") and call.get("hash") != view.hash:
        raise Refused("hash_conflict")
