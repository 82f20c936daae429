"""The page's JSON endpoints: messages, results and what the page needs to start."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from aiohttp import web

from backends.store.records import Accepted
from bots.commands.command_line import TypedCompletion, parse_completion
from bots.commands.comparison import Comparison, parse_comparison
from bots.commands.help import COMMANDS
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.commands.tree import parse_story
from bots.core import Core
from bots.forks import Fork
from bots.insight.payload import insight_json
from bots.web.bodies import ActionBody, MessageBody, read_body
from bots.web.health import HealthWatch
from bots.web.identity import API_CHANNEL, FIRST_CHANNEL, check_channel, page_invocation
from bots.web.live import Broadcast, Changed, PageReply
from bots.web.payloads import Json, accepted_json, details_json, session_json, view_json, views_json
from config.errors import InvalidOptions
from config.sampling import SamplingOverrides, parse_overrides
from config.workspace import resolve

PAGE_SIZE = 50
_COMMAND = re.compile(r"/([A-Za-z][\w-]*)(?:\s+|$)")
_Action = Callable[[Invocation, str, ActionBody], Awaitable[Json]]


class PageApi:
    def __init__(self, core: Core, broadcast: Broadcast, watch: HealthWatch) -> None:
        self._core = core
        self._broadcast = broadcast
        self._watch = watch
        self._actions: Mapping[str, _Action] = {
            "again": self._again,
            "same_seed": self._same_seed,
            "continue": self._continue,
            "vary": self._vary,
            "why": self._why,
            "edit": self._edit,
            "branch": self._branch,
            "stop": self._stop,
            "undo": self._undo,
            "vote": self._vote,
            "redo": self._redo,
            "delete": self._delete,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/session", self.session),
            web.get("/api/channels/{channel}/history", self.history),
            web.post("/api/channels/{channel}/messages", self.message),
            web.get("/api/results/{id}", self.result),
            web.get("/api/results/{id}/alternatives", self.alternatives),
            web.post("/api/results/{id}/{action}", self.act),
        ]

    async def session(self, request: web.Request) -> web.Response:
        invocation = page_invocation(check_channel(request.query.get("channel", FIRST_CHANNEL)))
        settings = self._core.settings
        rules = await self._core.rules.show(invocation)
        effective = resolve(settings.defaults, rules, invocation.channel, None, SamplingOverrides(), settings.limits)
        presets = await self._core.people.presets(invocation)
        channels = await self._channels(invocation)
        return web.json_response(
            session_json(rules, effective, settings.limits, presets, channels, self._watch.snapshots)
        )

    async def _channels(self, invocation: Invocation) -> list[str]:
        """Those with messages; what programs asked for is theirs alone."""
        return [each for each in await self._core.results.channels(invocation) if each != API_CHANNEL]

    async def history(self, request: web.Request) -> web.Response:
        invocation = page_invocation(_channel(request))
        before = request.query.get("before") or None
        return web.json_response(views_json(await self._core.results.history(invocation, PAGE_SIZE, before)))

    async def message(self, request: web.Request) -> web.Response:
        """A result begins, or a private answer in lines."""
        channel = _channel(request)
        body = await read_body(request, MessageBody)
        invocation = page_invocation(channel, body.event_id, body.private)
        typed = _COMMAND.match(body.text)
        if typed is None:
            return web.json_response(await self._complete(invocation, TypedCompletion(Completion(body.text))))
        name, rest = typed[1].lower(), body.text[typed.end() :]
        if name == "complete":
            return web.json_response(await self._complete(invocation, parse_completion(rest)))
        if name == "explain":
            return web.json_response(await self._explain(invocation, rest))
        return web.json_response(await self._run(invocation, name, rest))

    async def _complete(self, invocation: Invocation, typed: TypedCompletion) -> Json:
        private = invocation.private or typed.private
        invocation = page_invocation(invocation.channel, invocation.event_id, private)
        reply = PageReply(self._broadcast)
        return accepted_json(await self._core.story.complete(invocation, reply, typed.completion))

    async def _explain(self, invocation: Invocation, rest: str) -> Json:
        insight = await self._core.insight.explain(invocation, parse_completion(rest).completion)
        return {"kind": "insight", "insight": insight_json(insight)}

    async def _run(self, invocation: Invocation, name: str, rest: str) -> Json:
        if name not in {each.name for each in COMMANDS}:
            commands = ", ".join(f"/{each.name}" for each in COMMANDS)
            raise InvalidOptions(
                f"I don't know /{name[:40]}; there are {commands}. To have me finish a text that starts so, "
                "write /complete prompt: before it."
            )
        if name == "compare":
            return await self._compare(invocation, parse_comparison(rest))
        if name == "story":
            return await self._story(invocation, rest)
        lines = await self._core.typed.run(invocation, name, rest)
        if name in ("config", "presets"):
            self._broadcast.tell(Changed("session"))
        if name == "forget-me" and rest.strip().lower() == "erase":
            self._broadcast.tell(Changed("history"))
        return {"kind": "notice", "lines": lines}

    async def _compare(self, invocation: Invocation, given: Comparison) -> Json:
        invocation = replace(invocation, private=invocation.private or given.private)
        first, *_ = await self._core.story.compare(invocation, self._reply(), given.first, given.second)
        return accepted_json(first)

    async def _story(self, invocation: Invocation, rest: str) -> Json:
        """Which story the page is to open: whatever form was asked for, it is all there."""
        ask, latest = parse_story(rest), await self._core.tree.latest(invocation)
        _, key = await self._core.tree.find(invocation, latest, ask.number)
        return {"kind": "story", "request_id": key.request_id, "sample": key.sample}

    async def result(self, request: web.Request) -> web.Response:
        invocation = page_invocation(FIRST_CHANNEL)
        record = await self._core.story.find(invocation, request.match_info["id"])
        return web.json_response(details_json(await self._core.results.show(invocation, record.id), record))

    async def alternatives(self, request: web.Request) -> web.Response:
        invocation = page_invocation(FIRST_CHANNEL)
        return web.json_response(
            views_json(await self._core.results.alternatives(invocation, request.match_info["id"]))
        )

    async def act(self, request: web.Request) -> web.Response:
        """A button: the work happens where the result is, as privately as it was."""
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        body = await read_body(request, ActionBody)
        record = await self._core.story.find(page_invocation(FIRST_CHANNEL), request.match_info["id"])
        invocation = page_invocation(record.channel, body.event_id, record.private)
        return web.json_response(await action(invocation, record.id, body))

    def _reply(self) -> PageReply:
        return PageReply(self._broadcast)

    async def _again(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        return accepted_json(await self._core.story.regenerate(invocation, self._reply(), request_id))

    async def _same_seed(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        accepted: Accepted = await self._core.story.regenerate(invocation, self._reply(), request_id, same_seed=True)
        return accepted_json(accepted)

    async def _continue(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        overrides = parse_overrides(body.overrides)
        story = self._core.story
        return accepted_json(await story.continue_from(invocation, self._reply(), request_id, body.sample, overrides))

    async def _vary(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        overrides = parse_overrides(body.overrides)
        return accepted_json(
            await self._core.story.vary(invocation, self._reply(), request_id, overrides, body.model or None)
        )

    async def _why(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        return {"insight": insight_json(await self._core.insight.why(invocation, request_id, body.sample))}

    async def _edit(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        return accepted_json(await self._core.story.edit(invocation, self._reply(), request_id, body.prompt or ""))

    async def _branch(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        if body.fork is None:
            raise InvalidOptions("fork is missing: where, and with which token?", "fork")
        fork = Fork(body.fork.kept, body.fork.taken, body.fork.token)
        return accepted_json(await self._core.story.branch(invocation, self._reply(), request_id, fork, body.sample))

    async def _stop(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        await self._core.results.stop(invocation, request_id)
        return {"result": view_json(await self._core.results.show(invocation, request_id))}

    async def _vote(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        views = await self._core.results.vote(invocation, request_id)
        for view in views:
            self._broadcast.show(view)
        return {"result": view_json(views[0])}

    async def _undo(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        back_to = await self._core.results.undo(invocation, request_id)
        self._broadcast.remove(request_id, invocation.channel)
        return {"back_to": None if back_to is None else back_to.request_id}

    async def _redo(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        view = await self._core.results.redo(invocation, request_id)
        self._broadcast.show(view)
        return {"result": view_json(view)}

    async def _delete(self, invocation: Invocation, request_id: str, body: ActionBody) -> Json:
        await self._core.results.delete(invocation, request_id)
        self._broadcast.remove(request_id, invocation.channel)
        return {}


def _channel(request: web.Request) -> str:
    return check_channel(request.match_info["channel"])
