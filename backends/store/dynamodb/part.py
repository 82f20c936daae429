"""What every part of the store works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from backends.store.dynamodb.entries import Entry
from backends.store.dynamodb.erasing import Eraser
from backends.store.dynamodb.records import Records
from backends.store.dynamodb.table import Table
from backends.store.dynamodb.texts import Texts
from backends.store.dynamodb.threads import Threads


class Part:
    """Its public calls hand their work to the threads; what begins with _ runs there."""

    def __init__(self, table: Table, threads: Threads, clock: Callable[[], float], bot: str) -> None:
        self._table = table
        self._threads = threads
        self._clock = clock
        self._bot = bot
        self._run = threads.run
        self._texts = Texts(table)
        self._records = Records(table, self._texts)
        self._eraser = Eraser(table, clock)

    async def _erase_all(self, entries: Sequence[Entry]) -> int:
        """Returns how many requests there were. When one fails, the others are erased all the same."""
        erasing = (self._run(self._eraser.erase, entry) for entry in entries)
        answers = await asyncio.gather(*erasing, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers.count(True)
