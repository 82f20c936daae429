"""What goes to which stream, and how it looks on a terminal."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from bots.cli.terminal import Terminal, visible


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_pipe_gets_the_text_itself() -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out, err)
    terminal.write_prompt("Once")
    terminal.write("a\x1b[2J\x00b\n")
    terminal.say("[bold]done[/bold]", "green")
    assert out.getvalue() == "a\x1b[2J\x00b\n"
    assert err.getvalue() == "[bold]done[/bold]\n"


def test_terminal_gets_no_control_characters_of_a_model() -> None:
    out = Screen()
    Terminal(out, io.StringIO()).write("a\x1b[2J\r\x9b\n")
    assert out.getvalue() == "a␛[2J␍�\n"


def test_prompt_leads_on_a_terminal() -> None:
    screen = Screen()
    terminal = Terminal(screen, screen)
    terminal.write_prompt("x" * 1000)
    terminal.write(" text")
    assert "… xxx" in screen.getvalue()
    assert f"… {'x' * 400}\x1b" in screen.getvalue()
    assert screen.getvalue().endswith(" text")


def test_each_kind_of_waiting_is_told_once_to_a_file() -> None:
    err = io.StringIO()
    terminal = Terminal(io.StringIO(), err)
    for notice in ("Waking the model.", "Waking the model, about 3 s.", "Queued, 2 ahead of you.", "Queued."):
        terminal.wait(notice, "Reading.")
    assert err.getvalue() == "Waking the model.\nQueued, 2 ahead of you.\n"


async def test_only_a_spinner_that_turns_changes_its_words() -> None:
    for err, told in ((Screen(), True), (io.StringIO(), False)):
        terminal = Terminal(io.StringIO(), err)
        await terminal.change_wait("Nothing is waited for.")
        terminal.wait("Waking the model.")
        await terminal.change_wait("Reading 9 characters.")
        terminal.end_wait()
        assert ("Reading 9 characters." in err.getvalue()) == told
        assert "Nothing" not in err.getvalue()


def test_closed_output_is_noticed() -> None:
    terminal = Terminal(None, None)
    terminal.say("Nobody hears this.")
    assert not terminal.gone.is_set()
    terminal.write("text")
    assert terminal.gone.is_set()
    assert not terminal.reader_left


@given(st.text())
def test_visible_text_is_harmless_and_as_long(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(character in "\n\t" or not (ord(character) < 32 or 127 <= ord(character) < 160) for character in shown)
