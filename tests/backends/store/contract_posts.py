"""What every store does with the messages that show a request; part of `contract`."""

from __future__ import annotations

from datetime import timedelta

from backends.store.protocol import Store
from backends.store.records import PostRecord
from tests.backends.store.contract_requests import accepted, ended
from tests.fakes.records import ELSEWHERE, HERE, NOW, make_request


class PostContract:
    async def test_gives_back_a_requests_posts_in_the_order_they_were_saved(self, store: Store) -> None:
        record = await accepted(store)
        posts = [
            PostRecord(record.id, "general/9"),
            PostRecord(record.id, "thread/7", 0),
            PostRecord(record.id, "thread/8", 0, 1),
            PostRecord(record.id, "thread/12", 0),
        ]
        for post in posts:
            await store.save_post(post)
        assert await store.posts(record.id) == tuple(posts)
        assert await store.posts((await accepted(store)).id) == ()

    async def test_finds_a_request_by_its_message_and_workspace(self, store: Store) -> None:
        here, elsewhere = await accepted(store), await accepted(store, workspace=ELSEWHERE)
        for record in (here, elsewhere):
            await store.save_post(PostRecord(record.id, "general/9", 2))
        assert await store.post_at(HERE, "general/9") == PostRecord(here.id, "general/9", 2)
        assert await store.post_at(ELSEWHERE, "general/9") == PostRecord(elsewhere.id, "general/9", 2)
        assert await store.post_at(HERE, "general/10") is None

    async def test_a_message_stays_with_its_first_request(self, store: Store) -> None:
        first, second = await accepted(store), await accepted(store)
        for record in (first, second, first):
            await store.save_post(PostRecord(record.id, "general/9"))
        assert await store.post_at(HERE, "general/9") == PostRecord(first.id, "general/9")
        assert await store.posts(second.id) == ()

    async def test_posts_go_with_their_request(self, store: Store) -> None:
        deleted, purged, forgotten = await ended(store), await ended(store), await ended(store, requester_id="u2")
        for number, record in enumerate((deleted, purged, forgotten)):
            await store.save_post(PostRecord(record.id, f"general/{number}"))
        await store.delete(deleted.id)
        await store.erase_user(HERE, "u2")
        await store.purge(HERE, NOW + timedelta(days=9999))
        for number, record in enumerate((deleted, purged, forgotten)):
            assert await store.post_at(HERE, f"general/{number}") is None
            assert await store.posts(record.id) == ()

    async def test_a_post_of_an_erased_request_is_ignored(self, store: Store) -> None:
        await store.save_post(PostRecord(make_request().id, "general/9"))
        assert await store.post_at(HERE, "general/9") is None
