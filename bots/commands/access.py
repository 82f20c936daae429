"""Who may ask for what, where: rules, cooldown, requests in flight and the word filter."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

from backends.store.protocol import Store
from backends.store.records import RequestRecord
from bots.commands.invocation import Invocation
from bots.word_filter import make_filter
from config.errors import InvalidOptions, NotAllowed, NotFound, Overloaded
from config.settings import LimitSettings
from config.workspace import AccessRules, WorkspaceSettings

_LONG_PROMPT = 2_000
"""Characters from which on searching for many words can take longer than others should wait."""


def check_place(invocation: Invocation, rules: AccessRules) -> None:
    """NotAllowed unless this person may use Inkling in this channel. Denials win; admins pass."""
    requester = invocation.requester
    if requester.is_admin:
        return
    if requester.id in rules.denied_users or requester.roles & set(rules.denied_roles):
        raise NotAllowed("An admin has turned Inkling off for you here.")
    if invocation.channel in rules.denied_channels:
        raise NotAllowed("Inkling is turned off in this channel.")
    if rules.allowed_channels and invocation.channel not in rules.allowed_channels:
        raise NotAllowed("Inkling is only allowed in some channels, and this isn't one of them.")
    members_only = bool(rules.allowed_users or rules.allowed_roles)
    if members_only and requester.id not in rules.allowed_users and not requester.roles & set(rules.allowed_roles):
        raise NotAllowed("Inkling is only for some members or roles here; an admin can add you.")


def check_regenerate(invocation: Invocation, record: RequestRecord, settings: WorkspaceSettings) -> None:
    """NotAllowed unless the server's rule lets this person act on somebody's result."""
    requester = invocation.requester
    rule = settings.regenerate_by
    theirs = rule == "requester" and requester.id == record.requester_id
    if requester.is_admin or rule == "anyone" or theirs:
        return
    who = "admins" if rule == "admins" else f"@{record.requester_name}"
    raise NotAllowed(f"Only {who} may do that with this result; it's the rule here.")


def check_owner(invocation: Invocation, record: RequestRecord, what: str) -> None:
    """NotAllowed unless it is their own result, or they are an admin."""
    if invocation.requester.is_admin or invocation.requester.id == record.requester_id:
        return
    raise NotAllowed(f"Only @{record.requester_name} or an admin can {what} this.")


def may_see(invocation: Invocation, record: RequestRecord) -> bool:
    """Whether the result is of this workspace and, when private, this person's own; admins are no exception."""
    mine = record.requester_id == invocation.requester.id
    return record.workspace == invocation.workspace and (mine or not record.private)


async def find_result(store: Store, invocation: Invocation, request_id: str) -> RequestRecord:
    """The request, if this person may see it; NotFound otherwise."""
    record = await store.request(request_id)
    if record is None or not may_see(invocation, record):
        raise NotFound("I no longer have that result; it was deleted or is from somewhere else.")
    return record


def check_admin(invocation: Invocation) -> None:
    if not invocation.requester.is_admin:
        raise NotAllowed("Only people who may manage this server can change its settings.")


async def check_words(prompt: str, settings: WorkspaceSettings) -> None:
    """InvalidOptions when the prompt holds an unwanted word; long ones are searched beside the event loop."""
    finds = make_filter(settings.word_filter).finds
    if await asyncio.to_thread(finds, prompt) if len(prompt) > _LONG_PROMPT else finds(prompt):
        raise InvalidOptions("The prompt holds a word that this server doesn't allow.", "prompt")


class Pace:
    """How often one person may ask."""

    def __init__(self, store: Store, limits: LimitSettings, now: Callable[[], datetime]) -> None:
        self._store = store
        self._limits = limits
        self._now = now
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, invocation: Invocation) -> AsyncIterator[None]:
        """One request of a person after the other: what `check` found holds until the request is written."""
        person = f"{invocation.workspace}:{invocation.requester.id}"
        turn = self._turns.setdefault(person, asyncio.Lock())
        async with turn:
            yield

    async def check(self, invocation: Invocation, settings: WorkspaceSettings) -> None:
        """Overloaded, with the seconds to wait, when there are too many or too soon."""
        await self._check_in_flight(invocation, settings)
        await self._check_cooldown(invocation, settings)

    async def _check_in_flight(self, invocation: Invocation, settings: WorkspaceSettings) -> None:
        limit = min(settings.max_in_flight or self._limits.max_in_flight, self._limits.max_in_flight)
        count = len(await self._store.open_of(invocation.workspace, invocation.requester.id))
        if count >= limit:
            noun = "request" if count == 1 else "requests"
            raise Overloaded(f"You have {count} {noun} running; the limit here is {limit}.")

    async def _check_cooldown(self, invocation: Invocation, settings: WorkspaceSettings) -> None:
        if not settings.cooldown_s or invocation.requester.is_admin:
            return
        last = await self._store.last_accepted_at(invocation.workspace, invocation.requester.id)
        waited = (self._now() - last).total_seconds() if last else settings.cooldown_s
        if waited < settings.cooldown_s:
            rest = min(settings.cooldown_s - waited, settings.cooldown_s)
            sentence = f"One request every {settings.cooldown_s:g} s here; try again in {math.ceil(rest)} s."
            raise Overloaded(sentence, rest)
