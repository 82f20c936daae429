"""What Slack's refusals mean."""

from __future__ import annotations

import asyncio

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

_NO_TOKEN = frozenset(
    {"token_revoked", "account_inactive", "invalid_auth", "not_authed", "token_expired", "team_access_not_granted"}
)
_NO_PLACE = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "thread_not_found",
        "cannot_reply_to_message",
        "user_not_found",
    }
)
_NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})
_MAY_NOT_WRITE = frozenset(
    {
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "not_in_channel",
        "channel_not_found",
        "is_archived",
    }
)
_NEEDS_NEW_MESSAGE = frozenset({"cant_update_message", "edit_window_closed"})
_STREAM_OVER = frozenset({"message_not_in_streaming_state", "message_not_found", "messaging_processing_failed"})
_PASSING = frozenset(
    {"", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "team_added_to_org"}
)
UNREACHABLE = (aiohttp.ClientError, asyncio.TimeoutError, OSError, SlackClientError)


def code_of(error: BaseException) -> str:
    """Slack's own word for it; empty when there is none."""
    if not isinstance(error, SlackApiError):
        return ""
    data = error.response if isinstance(error.response, dict) else getattr(error.response, "data", {})
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def is_token_dead(error: BaseException) -> bool:
    """We may not act in this workspace any more."""
    return code_of(error) in _NO_TOKEN


def is_gone(error: BaseException) -> bool:
    """The channel or thread is no more, or no longer for us."""
    return code_of(error) in _NO_PLACE or is_token_dead(error)


def is_passing(error: BaseException) -> bool:
    """Trying again may help."""
    return code_of(error) in _PASSING


def is_outside(error: BaseException) -> bool:
    """We aren't in the channel; joining may help."""
    return code_of(error) in _NOT_A_MEMBER


def is_closed(error: BaseException) -> bool:
    """We may not write there."""
    return code_of(error) in _MAY_NOT_WRITE


def is_deleted(error: BaseException) -> bool:
    return code_of(error) == "message_not_found"


def needs_new_message(error: BaseException) -> bool:
    return code_of(error) in _NEEDS_NEW_MESSAGE


def is_stream_over(error: BaseException) -> bool:
    """Slack has ended the stream, as it does after five minutes."""
    return code_of(error) in _STREAM_OVER


def is_still_streaming(error: BaseException) -> bool:
    return code_of(error) == "streaming_state_conflict"


def explain(error: BaseException) -> str:
    """One sentence for the person who asked."""
    code = code_of(error)
    if code == "ratelimited":
        return "Slack asks me to slow down; try again in a minute."
    if code in ("expired_trigger_id", "exchanged_trigger_id", "trigger_expired"):
        return "Slack gave me too little time to open the form; try again."
    if code == "missing_scope":
        return "Slack doesn't let me do that: the app lacks a scope; an admin can install it anew from its manifest."
    if is_closed(error):
        return "I can't write here; invite me with /invite, or ask an admin."
    if not code:
        return "Slack can't be reached at the moment; try again in a minute."
    return "Slack refused that; my log says more. Nothing you wrote is lost."
