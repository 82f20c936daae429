"""POST /generate: a prompt in, `text0`, `text1` … out, once they are written."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web
from ulid import ULID

from backends.store.records import Accepted, RequestRecord
from bots.commands.invocation import Invocation
from bots.commands.story import Completion
from bots.core import Core
from bots.views import ResultView
from bots.web.bodies import read_object
from bots.web.identity import API_CHANNEL, PROGRAM, WORKSPACE
from bots.web.live import Broadcast, PageReply
from bots.web.payloads import Json
from config.errors import EngineFailed, InklingError, InvalidOptions
from config.sampling import OptionValue, parse_overrides

KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[ -~]{1,200}")


class GenerateEndpoint:
    """Takes its turn in the durable queue like everybody; who hangs up stops it."""

    def __init__(self, core: Core, broadcast: Broadcast) -> None:
        self._core = core
        self._broadcast = broadcast

    async def answer(self, request: web.Request) -> web.Response:
        completion = _read(await read_object(request))
        invocation = Invocation(f"generate:{_event_id(request)}", WORKSPACE, API_CHANNEL, PROGRAM, private=True)
        work = self._core.story.complete(invocation, PageReply(self._broadcast), completion)
        accepting = asyncio.create_task(work, name="generate")
        try:
            accepted = await asyncio.shield(accepting)
            _check_same(completion, accepted)
            failure = await self._core.jobs.failure(accepted.record.id)
        except asyncio.CancelledError:
            await self._stop(accepting)
            raise
        record = await self._core.story.find(invocation, accepted.record.id)
        view = await self._core.results.show(invocation, record.id)
        return web.json_response(_answer(record, view, failure))

    async def _stop(self, accepting: asyncio.Task[Accepted]) -> None:
        """A request that was being accepted is accepted first: half a one would wait forever."""
        [accepted] = await asyncio.gather(accepting, return_exceptions=True)
        if isinstance(accepted, Accepted) and accepted.created:
            await self._core.jobs.stop(accepted.record.id, "api")


def _read(body: dict[str, Any]) -> Completion:
    fields = dict(body)
    prompt, preset, model = fields.pop("prompt", None), fields.pop("preset", None), fields.pop("model", None)
    if prompt is None:
        raise InvalidOptions("prompt is missing.", "prompt")
    for name, value in (("prompt", prompt), ("preset", preset), ("model", model)):
        if value is not None and not isinstance(value, str):
            raise InvalidOptions(f"{name} must be text.", name)
    return Completion(prompt, parse_overrides(fields), preset or None, model or None)


def _event_id(request: web.Request) -> str:
    """The caller's own key, so that asking again after a lost answer asks for nothing new."""
    key = request.headers.get(KEY_HEADER)
    if key is None:
        return str(ULID())
    if _KEY.fullmatch(key) is None:
        raise InvalidOptions(f"{KEY_HEADER} must be 1 to 200 printable ASCII characters.", KEY_HEADER)
    return key


def _check_same(given: Completion, accepted: Accepted) -> None:
    """A key that came before must come with what it came with: its old answer would pass for the new one's."""
    record = accepted.record
    if accepted.created:
        return
    options = given.overrides.given().items()
    same_options = all(_may_become(value, getattr(record.options, name)) for name, value in options)
    if record.prompt != given.prompt or given.model not in (None, record.model) or not same_options:
        raise InvalidOptions(
            f"This {KEY_HEADER} came with another request before; take a new one for each.", KEY_HEADER
        )


def _may_become(given: OptionValue, kept: OptionValue) -> bool:
    """Whether an option as it was given can be what was kept: limits only ever lower a number."""
    numbers = isinstance(given, int | float) and isinstance(kept, int | float)
    return given == kept or (numbers and given > kept)  # type: ignore[operator]  # both are numbers


def _answer(record: RequestRecord, view: ResultView, failure: InklingError | None) -> Json:
    """Partial text is an answer, with the sentence that says why it is partial."""
    if view.status != "done" and not any(sample.text for sample in view.samples):
        raise failure or EngineFailed(record.error or "That ended before a word was written; try again.")
    texts = {f"text{sample.index}": sample.text for sample in view.samples}
    notes = [*view.notes, *([record.error] if record.error else [])]
    return {**texts, "seed": record.options.seed, "model": record.model, **({"notes": notes} if notes else {})}
