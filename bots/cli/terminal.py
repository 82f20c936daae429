"""The two streams of a command: text to standard output, everything else to standard error.

Colours, the prompt before its completion, spinners and visible control characters are for terminals only: what goes
into a pipe or a file is the text itself.
"""

from __future__ import annotations

import asyncio
import errno
import io
import sys
from typing import TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

PROMPT_TAIL = 400
"""Characters of a long prompt that are shown before its completion."""
_VISIBLE = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"}
_VISIBLE |= {0x7F: 0x2421} | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def visible(text: str) -> str:
    """The text with control characters as pictures, so that no model can steer the terminal it is shown on."""
    return text.translate(_VISIBLE)


class Terminal:
    """`out` and `err` may be terminals, files or pipes, or closed (None)."""

    def __init__(self, out: TextIO | None, err: TextIO | None) -> None:
        self._out = out
        self._err = Console(file=err or io.StringIO(), highlight=False, soft_wrap=True)
        self._out_is_terminal = out is not None and out.isatty()
        self._status: Status | None = None
        self._last_notice = ""
        self.write_error: OSError | None = None
        self.gone = asyncio.Event()
        """Set when standard output takes nothing any more; `write_error` says why."""
        if isinstance(out, io.TextIOWrapper):
            out.reconfigure(errors="replace")

    @classmethod
    def standard(cls) -> Terminal:
        return cls(sys.stdout, sys.stderr)

    @property
    def reader_left(self) -> bool:
        """Whether the program after our pipe has ended, as `head` does."""
        return self.write_error is not None and self.write_error.errno == errno.EPIPE

    def write(self, text: str) -> None:
        """Put text on standard output at once."""
        self.end_wait()
        if not text or self.write_error is not None:
            return
        try:
            if self._out is None:
                raise OSError(errno.EBADF, "it is closed")
            self._out.write(visible(text) if self._out_is_terminal else text)
            self._out.flush()
        except OSError as error:
            self.write_error = error
            self.gone.set()

    def write_prompt(self, prompt: str) -> bool:
        """Show what the completion goes on from, where both streams meet on one terminal; whether that is so."""
        meets = self._out_is_terminal and self._err.is_terminal
        if meets:
            tail = prompt if len(prompt) <= PROMPT_TAIL else f"… {prompt[-PROMPT_TAIL:]}"
            self._print(tail, "bold", end="")
        return meets

    async def ask(self, question: str) -> str | None:
        """One line from whoever sits there; None where nobody does. EOFError when they end it instead."""
        if not (self._err.is_terminal and sys.stdin is not None and sys.stdin.isatty()):
            return None
        self.end_wait()
        self._print(question, "", end=" ")
        loop, typed = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(sys.stdin, typed.set)
        try:
            await typed.wait()
        finally:
            loop.remove_reader(sys.stdin)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.strip()

    def say(self, sentence: str, style: str = "") -> None:
        """One line on standard error."""
        self.end_wait()
        self._print(sentence, style)

    def wait(self, notice: str, detail: str = "") -> None:
        """Tell why there is no text yet: a spinner on a terminal, else one line for each kind of waiting."""
        if self._err.is_terminal:
            if self._status is None:
                self._status = self._err.status("")
                self._status.start()
            self._status.update(Text(visible(f"{notice} {detail}".rstrip()), "dim"))
        elif (kind := notice.split(" ")[0].strip(",.")) != self._last_notice:
            self._last_notice = kind
            self._print(notice, "")

    async def change_wait(self, notice: str) -> None:
        """Other words beside the spinner that turns, where one does."""
        if self._status is not None:
            self.wait(notice)

    def end_wait(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _print(self, line: str, style: str, end: str = "\n") -> None:
        shown = visible(line) if self._err.is_terminal else line
        try:
            self._err.print(Text(shown, style), end=end)
        except OSError:
            # Nobody reads standard error any more; the text itself still counts.
            self._err = Console(file=io.StringIO())
