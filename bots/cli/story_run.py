"""One `inkling story`: from the store that the page keeps to standard output or a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from backends.store.factory import open_kept_store
from bots.cli.completion_run import quiet_logging
from bots.cli.terminal import Terminal
from bots.commands.invocation import Invocation
from bots.commands.tree import StoryAsk, Told, TreeCommands
from bots.documents import Picture
from bots.story_tree import NodeKey
from bots.web.identity import check_channel, page_invocation
from config.errors import EngineFailed, InvalidOptions, NotFound
from config.settings import Settings

_OTHERS = "`inkling story tree` shows the others, `inkling story picture -o tree.png` draws them."


def run_story(settings: Settings, channel: str, ask: StoryAsk, output: Path | None) -> int:
    quiet_logging(settings.log)
    if ask.form == "picture" and output is None and sys.stdout.isatty():
        raise InvalidOptions("A picture can't be shown here; name a file: inkling story picture -o tree.png", "output")
    told = asyncio.run(_tell(settings, check_channel(channel), ask))
    _write(told, output)
    if isinstance(told.attachment, Picture):
        Terminal.standard().say(told.attachment.description)
    if told.where:
        Terminal.standard().say(f"{told.where} {_OTHERS}", "dim")
    return 0


async def _tell(settings: Settings, channel: str, ask: StoryAsk) -> Told:
    store = await open_kept_store(settings)
    if store is None:
        raise _no_story(channel)
    try:
        tree, invocation = TreeCommands(store), page_invocation(channel)
        return await tree.tell(invocation, ask, await _latest(tree, invocation))
    finally:
        await store.aclose()


async def _latest(tree: TreeCommands, invocation: Invocation) -> NodeKey:
    try:
        return await tree.latest(invocation)
    except NotFound:
        raise _no_story(invocation.channel) from None


def _no_story(channel: str) -> NotFound:
    return NotFound(f"There is no story in #{channel} yet; `inkling chat` opens the page, where stories begin.")


def _write(told: Told, output: Path | None) -> None:
    content = told.attachment.content if told.attachment is not None else ("\n".join(told.lines) + "\n").encode()
    try:
        if output is not None:
            output.write_bytes(content)
        elif sys.stdout.isatty():
            # No story may steer the terminal it is shown on.
            Terminal.standard().write(content.decode())
        else:
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
    except OSError as error:
        where = output or "standard output"
        raise EngineFailed(f"I can't write to {where}: {(error.strerror or str(error)).lower()}.") from error
