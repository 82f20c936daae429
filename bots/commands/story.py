"""The commands that write: complete and compare, and those that make something new from an earlier result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ulid import ULID

from backends.protocol import BackendRegistry
from backends.store.protocol import Store
from backends.store.records import Accepted, Parent, RequestKind, RequestRecord
from bots.commands.access import Pace, check_place, check_regenerate, check_words, find_result
from bots.commands.invocation import Invocation
from bots.forks import Fork
from bots.jobs import Jobs
from bots.reply import Reply
from config.errors import InvalidOptions
from config.sampling import SamplingOptions, SamplingOverrides
from config.settings import Settings
from config.text import check_model_name, check_prompt
from config.workspace import Clamp, WorkspaceSettings, clamp, find_preset, resolve


@dataclass(frozen=True, slots=True)
class Completion:
    """What /complete was given."""

    prompt: str
    overrides: SamplingOverrides = field(default_factory=SamplingOverrides)
    preset: str | None = None
    model: str | None = None
    cut: bool = True
    """Whether an over-long prompt may lose its beginning; False refuses it."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request before it has an id and a place in a story."""

    kind: RequestKind
    prompt: str
    options: SamplingOptions
    baseline: SamplingOptions
    backend: str
    model: str | None
    notes: tuple[str, ...] = ()
    group_id: str | None = None
    story_id: str | None = None
    origin_id: str | None = None
    parent: Parent | None = None
    private: bool = False
    """What comes of a private result is private too."""
    cut: bool = True


class StoryCommands:
    """Each checks the rules, writes the request to the queue, and returns at once; the reply shows the rest."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        backends: BackendRegistry,
        jobs: Jobs,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._store = store
        self._backends = backends
        self._jobs = jobs
        self._now = now
        self._pace = Pace(store, settings.limits, now)

    async def complete(self, invocation: Invocation, reply: Reply, given: Completion) -> Accepted:
        """Finish a prompt. Raises InvalidOptions, NotFound (preset), NotAllowed, Overloaded."""
        rules = await self._rules(invocation)
        return await self._submit(invocation, reply, rules, await self._new(invocation, rules, given, "complete"))

    async def compare(
        self, invocation: Invocation, reply: Reply, first: Completion, second: Completion
    ) -> tuple[Accepted, ...]:
        """Finish a prompt twice, with one seed; the second counts with the first as one request of this person, and is
        shown beside it.

        Nothing is written unless both can be.
        """
        rules = await self._rules(invocation)
        drafts = [await self._new(invocation, rules, given, "compare") for given in (first, second)]
        seed = _one_seed(drafts)
        one, other = (replace(each, options=each.options.model_copy(update={"seed": seed})) for each in drafts)
        for draft in (one, other):
            await self._check(draft, rules)
        accepted = await self._accept_both(invocation, reply, rules, one, other)
        for each in accepted:
            await self._jobs.opened(each.record.id)
        return accepted

    async def _new(
        self, invocation: Invocation, rules: WorkspaceSettings, given: Completion, kind: RequestKind
    ) -> _Draft:
        personal = await self._store.presets(invocation.workspace, invocation.requester.id)
        preset = find_preset(given.preset, dict(personal), rules.presets) if given.preset else None
        resolution = resolve(
            self._settings.defaults, rules, invocation.channel, preset, given.overrides, self._settings.limits
        )
        channel = rules.channel(invocation.channel)
        return _Draft(
            kind,
            given.prompt,
            resolution.options,
            resolution.baseline,
            self._backends.get(channel.backend or rules.backend).name,
            given.model or channel.model or rules.model,
            _sentences(resolution.clamps),
            cut=given.cut,
        )

    async def regenerate(
        self, invocation: Invocation, reply: Reply, request_id: str, same_seed: bool = False
    ) -> Accepted:
        """The same request again, as another alternative of it; with a new seed unless asked otherwise."""
        seed = (await self.find(invocation, request_id)).options.seed if same_seed else None
        return await self._again(invocation, reply, request_id, "regenerate", SamplingOverrides(), seed=seed)

    async def vary(
        self,
        invocation: Invocation,
        reply: Reply,
        request_id: str,
        overrides: SamplingOverrides,
        model: str | None = None,
    ) -> Accepted:
        """The same prompt with some options changed, the seed kept unless it is among them."""
        seed = (await self.find(invocation, request_id)).options.seed
        return await self._again(invocation, reply, request_id, "vary", overrides, seed=seed, model=model)

    async def edit(self, invocation: Invocation, reply: Reply, request_id: str, prompt: str) -> Accepted:
        """Another prompt with the same options and a new seed, as an alternative of the first."""
        return await self._again(invocation, reply, request_id, "edit", SamplingOverrides(), prompt=prompt)

    async def continue_from(
        self,
        invocation: Invocation,
        reply: Reply,
        request_id: str,
        sample: int = 0,
        overrides: SamplingOverrides | None = None,
    ) -> Accepted:
        """Go on from the end of one sample (which also is what picking that sample means)."""
        rules = await self._rules(invocation)
        origin = await self.find(invocation, request_id)
        check_regenerate(invocation, origin, rules)
        text = await self._text_of(origin, sample)
        asked = (overrides or SamplingOverrides()).over(origin.options.model_copy(update={"seed": None}))
        draft = self._draft(invocation, origin, rules, "continue", asked)
        draft = replace(draft, prompt=origin.prompt + text, group_id=None, parent=Parent(origin.id, sample))
        return await self._submit(invocation, reply, rules, draft)

    async def branch(
        self, invocation: Invocation, reply: Reply, request_id: str, fork: Fork, sample: int = 0
    ) -> Accepted:
        """Go on from within a sample, with another token than the one that was taken; options and seed as they were."""
        rules = await self._rules(invocation)
        origin = await self.find(invocation, request_id)
        check_regenerate(invocation, origin, rules)
        text = await self._text_of(origin, sample)
        draft = self._draft(invocation, origin, rules, "branch", origin.options)
        prompt = origin.prompt + fork.applied_to(text)
        notes = (*draft.notes, fork.sentence)
        parent = Parent(origin.id, sample, fork.kept)
        draft = replace(draft, prompt=prompt, group_id=None, parent=parent, notes=notes)
        return await self._submit(invocation, reply, rules, draft)

    async def _again(
        self,
        invocation: Invocation,
        reply: Reply,
        request_id: str,
        kind: RequestKind,
        overrides: SamplingOverrides,
        *,
        seed: int | None = None,
        prompt: str | None = None,
        model: str | None = None,
    ) -> Accepted:
        rules = await self._rules(invocation)
        origin = await self.find(invocation, request_id)
        check_regenerate(invocation, origin, rules)
        asked = overrides.over(origin.options.model_copy(update={"seed": seed}))
        draft = self._draft(invocation, origin, rules, kind, asked)
        draft = replace(draft, prompt=origin.prompt if prompt is None else prompt, model=model or draft.model)
        return await self._submit(invocation, reply, rules, draft)

    def _draft(
        self,
        invocation: Invocation,
        origin: RequestRecord,
        rules: WorkspaceSettings,
        kind: RequestKind,
        asked: SamplingOptions,
    ) -> _Draft:
        """A request made from an earlier one; where its backend is gone from the settings, the place's own answers."""
        options, clamps = clamp(asked, rules.ceilings, self._settings.limits)
        draft = _Draft(
            kind,
            origin.prompt,
            options,
            origin.baseline,
            origin.backend,
            origin.model,
            _sentences(clamps),
            origin.group_id,
            origin.story_id,
            origin.id,
            origin.parent,
            origin.private,
            origin.cut,
        )
        if origin.backend in self._backends.names:
            return draft
        channel = rules.channel(invocation.channel)
        backend = self._backends.get(channel.backend or rules.backend).name
        note = f"The backend {origin.backend} is gone; {backend} wrote this."
        return replace(draft, backend=backend, model=channel.model or rules.model, notes=(*draft.notes, note))

    async def _rules(self, invocation: Invocation) -> WorkspaceSettings:
        rules = (await self._store.workspace(invocation.workspace)).settings
        check_place(invocation, rules.access)
        return rules

    async def find(self, invocation: Invocation, request_id: str) -> RequestRecord:
        """The request, if it is of this workspace and not somebody else's private one; NotFound otherwise."""
        return await find_result(self._store, invocation, request_id)

    async def _text_of(self, record: RequestRecord, sample: int) -> str:
        if record.is_open:
            raise InvalidOptions("That result is still being written; stop it or wait for its end.")
        samples = await self._store.samples(record.id)
        if not 0 <= sample < len(samples):
            raise InvalidOptions(f"sample must be between 1 and {len(samples)}; you gave {sample + 1}.", "sample")
        if not samples[sample].text:
            raise InvalidOptions("That sample is empty; there is nothing to go on from. Press 🔁 to try again.")
        return samples[sample].text

    async def _submit(
        self,
        invocation: Invocation,
        reply: Reply,
        rules: WorkspaceSettings,
        draft: _Draft,
    ) -> Accepted:
        await self._check(draft, rules)
        accepted = await self._accept(invocation, reply, rules, draft)
        await self._jobs.opened(accepted.record.id)
        return accepted

    async def _check(self, draft: _Draft, rules: WorkspaceSettings) -> None:
        check_prompt(draft.prompt, self._settings.limits.max_prompt_characters)
        await check_words(draft.prompt, rules)
        check_model_name(draft.model or "")

    async def _accept(self, invocation: Invocation, reply: Reply, rules: WorkspaceSettings, draft: _Draft) -> Accepted:
        """Accept it, unless its event was accepted before: a platform's second delivery is not a second request."""
        async with self._pace.turn(invocation):
            known = await self._store.request_of_key(invocation.idempotency_key)
            if known is not None:
                return Accepted(known, False)
            await self._pace.check(invocation, rules)
            return await self._jobs.accept(self._record(invocation, draft, str(ULID())), reply)

    async def _accept_both(
        self, invocation: Invocation, reply: Reply, rules: WorkspaceSettings, one: _Draft, other: _Draft
    ) -> tuple[Accepted, ...]:
        """As `_accept`; of what is told twice, what is left of it."""
        # Where the first will be isn't known before it is shown, so neither is where the second goes.
        beside = replace(invocation, event_id=f"{invocation.event_id} second", place=None)
        async with self._pace.turn(invocation):
            keys = (invocation.idempotency_key, beside.idempotency_key)
            known = [record for key in keys if (record := await self._store.request_of_key(key)) is not None]
            if known:
                return tuple(Accepted(record, False) for record in known)
            await self._pace.check(invocation, rules)
            # Two of one millisecond have an order too.
            ids = sorted(str(ULID()) for _ in range(2))
            other = replace(other, group_id=ids[0], story_id=ids[0], origin_id=ids[0])
            return await self._jobs.accept_both(
                self._record(invocation, one, ids[0]), reply, self._record(beside, other, ids[1])
            )

    def _record(self, invocation: Invocation, draft: _Draft, request_id: str) -> RequestRecord:
        return RequestRecord(
            id=request_id,
            idempotency_key=invocation.idempotency_key,
            workspace=invocation.workspace,
            channel=invocation.channel,
            requester_id=invocation.requester.id,
            requester_name=invocation.requester.name,
            kind=draft.kind,
            prompt=draft.prompt,
            options=draft.options.with_seed(),
            baseline=draft.baseline,
            backend=draft.backend,
            model=draft.model,
            created_at=self._now(),
            group_id=draft.group_id or request_id,
            story_id=draft.story_id or request_id,
            origin_id=draft.origin_id,
            parent=draft.parent,
            private=invocation.private or draft.private,
            cut=draft.cut,
            notes=draft.notes,
            reply_ref=invocation.place,
        )


def _one_seed(drafts: Sequence[_Draft]) -> int | None:
    """The seed that either side names, else a new one."""
    seeds = {draft.options.seed for draft in drafts} - {None}
    if len(seeds) > 1:
        raise InvalidOptions("Both sides are written with one seed; name one only.", "seed")
    return seeds.pop() if seeds else SamplingOptions().with_seed().seed


def _sentences(clamps: tuple[Clamp, ...]) -> tuple[str, ...]:
    return tuple(clamp.sentence for clamp in clamps)
