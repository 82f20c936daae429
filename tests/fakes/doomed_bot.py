"""A whole bot process without a platform, to be killed: what it would show goes to a file, line by line.

`python -m tests.fakes.doomed_bot FOLDER ask|resume [DIE_BEFORE_FINAL]`
`python -m tests.fakes.doomed_bot FOLDER compare DIE_BEFORE_OPEN`

Variables may name another store than a file.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from backends.echo import EchoBackend
from backends.factory import Backends
from backends.store.factory import open_store
from backends.store.records import RequestRecord
from bots.commands.invocation import Invocation, Requester
from bots.commands.story import Completion
from bots.core import Core
from bots.views import ResultView
from config.sampling import SamplingOverrides
from config.settings import EchoBackendSettings, LimitSettings, Settings, load_settings
from config.workspace import WorkspaceRef

REQUESTS = 20
PEOPLE = 4
DATABASE, SHOWN = "inkling.db", "shown.jsonl"
DELAY_S = 0.01


@dataclass
class FileReply:
    """Writes each call down before it returns.

    Kills the process before final view number `die_before` is written, or the next one if not all were accepted yet;
    or before that many first views are.
    """

    path: Path
    reference: str
    die_before: int | None
    die_before_open: int | None = None
    min_interval_s: float = 0.02
    finals: ClassVar[int] = 0
    opens: ClassVar[int] = 0
    all_accepted: ClassVar[bool] = False

    async def open(self, view: ResultView) -> str:
        FileReply.opens += 1
        if FileReply.opens == self.die_before_open:
            os.kill(os.getpid(), signal.SIGKILL)
        self._write("open", view)
        return self.reference

    async def update(self, view: ResultView) -> None:
        self._write("update", view)

    async def finish(self, view: ResultView) -> None:
        FileReply.finals += 1
        if self.die_before is not None and FileReply.finals >= self.die_before and FileReply.all_accepted:
            os.kill(os.getpid(), signal.SIGKILL)
        self._write("finish", view)

    def _write(self, call: str, view: ResultView) -> None:
        texts = [sample.text for sample in view.samples]
        line = {"call": call, "prompt": view.prompt, "status": view.status, "texts": texts, "at": self.reference}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@dataclass
class FileFront:
    path: Path
    die_before: int | None = None
    die_before_open: int | None = None

    def place(self, reference: str) -> FileReply:
        return FileReply(self.path, reference, self.die_before, self.die_before_open)

    def reopen(self, record: RequestRecord) -> FileReply:
        return self.place(record.reply_ref or f"new place of {record.prompt}")

    def beside(self, record: RequestRecord, origin: RequestRecord) -> FileReply:
        return self.place(f"beside {origin.reply_ref}")


def settings_in(folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        cache_dir=folder,
        store=load_settings().store,
        default_backend="echo",
        backends={"echo": EchoBackendSettings(kind="echo")},
        limits=LimitSettings(max_running=4, max_queued=REQUESTS, max_in_flight=REQUESTS),
    )


async def ask(core: Core, front: FileFront, number: int) -> None:
    person = Requester(f"u{number % PEOPLE}", f"member {number % PEOPLE}")
    invocation = Invocation(f"event {number}", WorkspaceRef("discord", "guild-1"), "general", person)
    overrides = SamplingOverrides(seed=number, length=20 + number, samples=1 + number % 3)
    await core.story.complete(invocation, front.place(f"place {number}"), Completion(prompt_of(number), overrides))


async def compare(core: Core, front: FileFront) -> None:
    invocation = Invocation("event", WorkspaceRef("discord", "guild-1"), "general", Requester("u1", "member 1"))
    sides = [Completion(prompt_of(1), SamplingOverrides(temperature=each)) for each in (0.3, 1.3)]
    await core.story.compare(invocation, front.place("place 1"), *sides)


def prompt_of(number: int) -> str:
    return f"request {number}: the keeper of the lamp wrote a letter about the storm"


async def live(folder: Path, what: str, number: int | None) -> None:
    """Until everything has ended and was shown."""
    dies = {"die_before_open" if what == "compare" else "die_before": number}
    front = FileFront(folder / SHOWN, **dies)
    settings = settings_in(folder)
    store = await open_store(settings)
    core = Core(settings, store, Backends({"echo": EchoBackend("echo", delay_s=DELAY_S)}, "echo"))
    core.register("discord", front)
    await core.start()
    if what == "ask":
        await asyncio.gather(*(ask(core, front, number) for number in range(REQUESTS)))
    if what == "compare":
        await compare(core, front)
    FileReply.all_accepted = True
    for record in await store.recent(WorkspaceRef("discord", "guild-1"), "general", 1000):
        await core.jobs.wait(record.id)
    await core.aclose()
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if sys.argv[3:] else None))
