"""A result on the terminal: the text as it comes, sample after sample, and its facts when it has ended."""

from __future__ import annotations

from bots.cli.observation import Observation
from bots.cli.terminal import Terminal
from bots.views import ResultView, SampleView


class WaitingReply:
    """Shows only why there is no text yet; for `--json`, whose object comes at the end."""

    def __init__(self, terminal: Terminal, observation: Observation) -> None:
        self._terminal = terminal
        self._observation = observation

    @property
    def min_interval_s(self) -> float:
        return 0.0

    async def open(self, view: ResultView) -> str:
        self._show_wait(view)
        return "terminal"

    async def update(self, view: ResultView) -> None:
        self._show_wait(view)

    async def finish(self, view: ResultView) -> None:
        self._terminal.end_wait()

    def _show_wait(self, view: ResultView) -> None:
        notice = view.notice
        if notice is None:
            self._terminal.end_wait()
        elif notice.startswith(("Waking", "Queued")):
            self._terminal.wait(notice, self._observation.detail if notice.startswith("Waking") else "")


class StreamedReply(WaitingReply):
    """Samples stand one after the other; the one that is being shown grows live, the next follows when it has ended.

    On standard output each sample ends with a line break; the lines that number them go to standard error.
    """

    def __init__(self, terminal: Terminal, observation: Observation, beginning: str | None = None) -> None:
        """`beginning`: the prompt as it was given; what a result's own has more than that is written with the text."""
        super().__init__(terminal, observation)
        self._beginning = beginning
        self._current = 0
        self._written = 0
        self._last = ""

    async def update(self, view: ResultView) -> None:
        self._show_wait(view)
        self._show_text(view, ended=False)

    async def finish(self, view: ResultView) -> None:
        self._terminal.end_wait()
        self._show_text(view, ended=True)
        if self._terminal.gone.is_set():
            return
        for note in view.notes:
            self._terminal.say(note, "dim")
        if view.status == "failed":
            return
        for sample in view.samples:
            number = f"{sample.index + 1}/{len(view.samples)} · " if len(view.samples) > 1 else ""
            self._terminal.say(f"{number}{sample.footer}", "dim")

    def _show_text(self, view: ResultView, ended: bool) -> None:
        while self._current < len(view.samples) and not self._terminal.gone.is_set():
            sample = view.samples[self._current]
            self._write(view, sample)
            if sample.open and not ended:
                return
            self._end_sample(view)

    def _write(self, view: ResultView, sample: SampleView) -> None:
        new = sample.text[self._written :]
        if not new:
            return
        if not self._written:
            self._begin_sample(view)
        self._terminal.write(new)
        self._written += len(new)
        self._last = new[-1]

    def _begin_sample(self, view: ResultView) -> None:
        if len(view.samples) > 1:
            self._terminal.say(f"— {self._current + 1}/{len(view.samples)} —", "dim")
        if not self._terminal.write_prompt(view.prompt):
            self._terminal.write(self._lead(view))

    def _lead(self, view: ResultView) -> str:
        return "" if self._beginning is None else view.prompt.removeprefix(self._beginning)

    def _end_sample(self, view: ResultView) -> None:
        if not self._written and self._lead(view):
            self._begin_sample(view)
            self._terminal.write("\n")
        if self._written and self._last != "\n":
            self._terminal.write("\n")
        self._current += 1
        self._written = 0
