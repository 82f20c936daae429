"""The commands on a result that write nothing new: show, stop, vote, delete, undo, alternatives, history."""

from __future__ import annotations

from backends.explanation import can_explain
from backends.protocol import BackendRegistry
from backends.store.protocol import Store
from backends.store.records import PostRecord, RequestRecord
from bots.commands.access import check_owner, check_place, find_result, may_see
from bots.commands.invocation import Invocation
from bots.jobs import Jobs
from bots.presenter import present
from bots.views import ResultView
from config.errors import InvalidOptions, NotFound


class ResultCommands:
    def __init__(self, store: Store, jobs: Jobs, backends: BackendRegistry) -> None:
        self._store = store
        self._jobs = jobs
        self._backends = backends

    async def show(self, invocation: Invocation, request_id: str) -> ResultView:
        """The result as it is now."""
        return await self._view(await self._find(invocation, request_id))

    async def stop(self, invocation: Invocation, request_id: str) -> None:
        """End a request that waits or runs; its text so far is kept. Harmless when it has ended."""
        record = await self._find(invocation, request_id)
        check_owner(invocation, record, "stop")
        await self._jobs.stop(request_id, invocation.requester.name)

    async def vote(self, invocation: Invocation, request_id: str) -> tuple[ResultView, ...]:
        """Like a compared result better than the other; a second time takes it back. Returns it, and the other one if
        that lost this person's vote."""
        record = await self._find(invocation, request_id)
        await self.check_place(invocation)
        if record.kind != "compare":
            raise InvalidOptions("Only results of /compare are voted on.")
        person = invocation.requester.id
        compared = [each for each in await self._store.group(record.group_id) if each.kind == "compare"]
        liked = {each.id for each in compared if person in await self._store.votes(each.id)}
        await self._store.vote(request_id, person, request_id not in liked)
        losing = [each for each in compared if each.id in liked - {request_id}]
        return tuple([await self._view(each) for each in (record, *losing)])

    async def delete(self, invocation: Invocation, request_id: str) -> tuple[PostRecord, ...]:
        """Erase a result; returns its messages so that the front can take them down."""
        record = await self._find(invocation, request_id)
        check_owner(invocation, record, "delete")
        await self._jobs.stop(request_id, invocation.requester.name)
        posts = await self._store.posts(request_id)
        await self._store.delete(request_id)
        return posts

    async def at(self, invocation: Invocation, address: str) -> PostRecord:
        """Which result, and which sample of it, the message at this address shows."""
        post = await self._store.post_at(invocation.workspace, address)
        if post is None:
            raise NotFound("That message is none of my results, or its result was deleted.")
        await self._find(invocation, post.request_id)
        return post

    async def home_of(self, invocation: Invocation, request_id: str) -> RequestRecord | None:
        """A private result of this person's own that its platform may show outside of the workspace it is of."""
        record = await self._store.request(request_id)
        if record is None or not record.private or record.requester_id != invocation.requester.id:
            return None
        return record if record.workspace.front == invocation.workspace.front else None

    async def check_place(self, invocation: Invocation) -> None:
        """NotAllowed where the rules keep this person from having anything shown."""
        check_place(invocation, (await self._store.workspace(invocation.workspace)).settings.access)

    async def undo(self, invocation: Invocation, request_id: str) -> ResultView | None:
        """Take this result out of the story; returns the one it was made from, None at the story's beginning."""
        record = await self._find(invocation, request_id)
        check_owner(invocation, record, "undo")
        if record.is_open:
            raise InvalidOptions("That result is still being written; stop it first.")
        await self._store.withdraw(request_id, True)
        before = await self._before(invocation, record)
        return None if before is None else await self._view(before)

    async def redo(self, invocation: Invocation, request_id: str) -> ResultView:
        """Put an undone result back into the story; harmless when it is part of it."""
        record = await self._find(invocation, request_id)
        check_owner(invocation, record, "put back")
        await self._store.withdraw(request_id, False)
        return await self._view(record)

    async def _before(self, invocation: Invocation, record: RequestRecord) -> RequestRecord | None:
        """The nearest result on the way back to the beginning that still is part of the story."""
        origin = await self._origin(record)
        if origin is None or not may_see(invocation, origin):
            return None
        return await self._before(invocation, origin) if origin.withdrawn else origin

    async def _origin(self, record: RequestRecord) -> RequestRecord | None:
        """What it was made from; when that was deleted, what its prompt goes on from."""
        origin = await self._store.request(record.origin_id) if record.origin_id else None
        if origin is not None or record.parent is None:
            return origin
        return await self._store.request(record.parent.request_id)

    async def alternatives(self, invocation: Invocation, request_id: str) -> tuple[ResultView, ...]:
        """The results of one place in the story, oldest first, those undone left out."""
        record = await self._find(invocation, request_id)
        group = await self._store.group(record.group_id)
        return tuple([await self._view(each) for each in group if not each.withdrawn and may_see(invocation, each)])

    async def history(
        self, invocation: Invocation, limit: int = 50, before: str | None = None
    ) -> tuple[ResultView, ...]:
        """The channel's latest results, oldest first; private ones only for who asked for them."""
        visible: list[RequestRecord] = []
        while len(visible) < limit:
            records = await self._store.recent(invocation.workspace, invocation.channel, limit, before)
            visible = [each for each in records if not each.withdrawn and may_see(invocation, each)] + visible
            if len(records) < limit:
                break
            before = records[0].id
        return tuple([await self._view(record) for record in visible[-limit:]])

    async def channels(self, invocation: Invocation) -> tuple[str, ...]:
        """Where something was written here, by name."""
        return await self._store.channels(invocation.workspace)

    async def _view(self, record: RequestRecord) -> ResultView:
        explains = can_explain(self._backends, record.backend)
        votes = await self._store.votes(record.id) if record.kind == "compare" else ()
        samples = await self._store.samples(record.id)
        return present(record, samples, explains=explains, votes=len(votes))

    async def _find(self, invocation: Invocation, request_id: str) -> RequestRecord:
        return await find_result(self._store, invocation, request_id)
