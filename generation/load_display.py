"""Shows on stderr how the loading goes: a bar for people, one line a stage for logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from generation.load_progress import LoadProgress, LoadState


@contextmanager
def shown_progress() -> Iterator[LoadProgress]:
    """A progress that shows itself until the model is loaded or the `with` ends."""
    if not sys.stderr.isatty():
        yield LoadProgress(_StageLines().hear)
        return
    # Only here: rich takes a while to import, and logs do not need it.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    with bar:
        task = bar.add_task("Starting.", total=1.0)

        def show(state: LoadState) -> None:
            bar.update(task, description=state.detail, completed=state.progress)
            if state.progress == 1:
                bar.stop()

        yield LoadProgress(show)


class _StageLines:
    def __init__(self) -> None:
        self._last = ""

    def hear(self, state: LoadState) -> None:
        if state.detail != self._last:
            self._last = state.detail
            sys.stderr.write(state.detail + "\n")
            sys.stderr.flush()
