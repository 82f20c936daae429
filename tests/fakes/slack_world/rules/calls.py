"""The rules that hold for each method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.fakes.slack_world.rules import messages, streams, views

if TYPE_CHECKING:
    from tests.fakes.slack_world.web_api.calls import Call

LOOKS = ("username", "icon_emoji", "icon_url")


def inspect(call: Call) -> None:
    if rule := RULES.get(call.method.name):
        rule(call)
    if call.get("as_user") is not None:
        call.problems.refuse("/as_user", "as_user_not_supported")
    for name in LOOKS:
        if call.get(name) and not call.has_scope("chat:write.customize"):
            call.problems.frown(f"/{name}", "has no effect without chat:write.customize")


def _post(call: Call) -> None:
    messages.check(call.problems, call.arguments)
    messages.check_unfurl(call.problems, call.arguments)
    if call.get("reply_broadcast") and not call.get("thread_ts"):
        call.problems.frown("/reply_broadcast", "outside a thread")


def _update(call: Call) -> None:
    """Here parse is “client” unless one says otherwise, which makes links of names."""
    messages.check(call.problems, call.arguments, too_long="msg_too_long")
    if call.get("text") and call.get("parse") is None:
        call.problems.frown("/parse", "defaults to client here, so none must be said")


def _post_ephemeral(call: Call) -> None:
    messages.check(call.problems, call.arguments, too_long="msg_too_long")


def _stream(call: Call) -> None:
    streams.check(call.problems, call.arguments)


def _modal(call: Call) -> None:
    views.check(call.problems, call.get("view"), "modal")


def _home(call: Call) -> None:
    views.check(call.problems, call.get("view"), "home")


def _any_view(call: Call) -> None:
    shown = call.world.views.get(call.text("view_id"))
    views.check(call.problems, call.get("view"), "home" if shown is not None and shown.is_home else "modal")


def _complete_upload(call: Call) -> None:
    comment = call.text("initial_comment")
    if comment:
        messages.check(call.problems, {"text": comment})


RULES: dict[str, Callable[[Call], None]] = {
    "chat.postMessage": _post,
    "chat.update": _update,
    "chat.postEphemeral": _post_ephemeral,
    "chat.startStream": _stream,
    "chat.appendStream": _stream,
    "chat.stopStream": _stream,
    "views.open": _modal,
    "views.push": _modal,
    "views.update": _any_view,
    "views.publish": _home,
    "files.completeUploadExternal": _complete_upload,
}
