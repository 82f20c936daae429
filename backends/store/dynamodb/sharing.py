"""Which bot works on what, when several share the table.

Each says now and then that it is here. A request belongs to the bot that accepted it, until another one finds that
bot gone and takes it in one conditional write. Who was only slow works on, and finds at the end that its request has
ended: nothing ends twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from ulid import ULID

from backends.store.dynamodb.attributes import Item
from backends.store.dynamodb.expressions import Condition
from backends.store.dynamodb.keys import BOTS, TTL, joined
from backends.store.dynamodb.part import Part
from backends.store.dynamodb.table import Key, Refused, key_of

GONE_AFTER_S = 90
"""Without a word. Bots speak every 20 s, so a few words may be lost."""
MISSED_FOR_S = 3_600
"""How long others look for what a bot that is gone left."""


class SharingPart(Part):
    async def stay(self) -> bool:
        return await self._run(self._stay)

    async def leave(self) -> None:
        await self._run(self._say, 0)

    async def take(self, request_ids: Sequence[str], own_too: bool) -> frozenset[str]:
        return await self._run(self._take, request_ids, own_too)

    def _stay(self) -> bool:
        self._say(GONE_AFTER_S)
        now = self._clock()
        return any(now - MISSED_FOR_S < bot["until"] <= now for bot in self._table.all_of(BOTS))

    def _say(self, for_s: int) -> None:
        until = int(self._clock()) + for_s
        self._table.put(Key(BOTS, joined(self._bot)), {"bot": self._bot, "until": until, TTL: until + MISSED_FOR_S})

    def _take(self, request_ids: Sequence[str], own_too: bool) -> frozenset[str]:
        here = {bot["bot"] for bot in self._table.all_of(BOTS) if bot["until"] > self._clock()} - {self._bot}
        entries = filter(None, map(self._records.entry, request_ids))
        items = self._records.items(list(entries))
        return frozenset(item["id"] for item in items if item["bot"] not in here and self._is_ours(item, own_too))

    def _is_ours(self, item: Item, own_too: bool) -> bool:
        if item["bot"] == self._bot:
            return own_too
        as_seen = Condition("#id = :id AND #bot = :bot", {"id": item["id"], "bot": item["bot"]})
        taking = str(ULID())
        try:
            self._table.change(key_of(item), {"bot": self._bot, "taking": taking}, as_seen)
        except Refused:
            # Unless it was taken, and only the answer lost.
            return bool((self._table.get(key_of(item)) or {}).get("taking") == taking)
        return True
