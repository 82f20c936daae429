"""Every mistake on a command line is one sentence on standard error and exit code 2."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bots.cli.exits import run
from tests.fakes.command_line import ECHO
from tests.fakes.sentences import check_sentence


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INKLING_DATA_DIR", str(tmp_path / "data"))
    for name, value in ECHO.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    sentence = told.err.removesuffix("\n")
    check_sentence(sentence)
    return sentence


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--temperature", "nan"], "temperature must be a number between 0 and 2; nan is not one."),
        (["--temperature", "inf"], "temperature must be a number between 0 and 2; inf is not one."),
        (["--temperature", "-1"], "temperature must be between 0 and 2; you gave -1."),
        (["--temperature=3"], "temperature must be between 0 and 2; you gave 3."),
        (["--top-p", "1,5"], 'top_p: "1,5" is not a number here; write 1.5.'),
        (["--top-k", "1.5"], "top_k must be a whole number between 0 and 1,000,000; you gave 1.5."),
        (["--seed", "x"], 'seed must be a number between 0 and 2,147,483,647; "x" is not one.'),
        (["--samples", "0"], "samples must be between 1 and 32; you gave 0."),
        (["--stop", ""], "stop can't be an empty string."),
        ([part for letter in "abcde" for part in ("--stop", letter)], "stop takes up to 4 strings; you gave more."),
        (["--temprature", "1"], 'I don\'t know "--temprature". Did you mean --temperature?'),
        (["--xyzzy"], 'I don\'t know "--xyzzy". inkling complete --help lists the options.'),
        (["--temperature"], "--temperature needs a value after it."),
        (["--model", "gpt5"], 'echo has no model "gpt5"; it has echo.'),
        (["--backend", "cloud"], 'There is no backend "cloud"; the backends are echo.'),
        (["--preset", "poem"], 'There is no preset "poem" here. There are none yet; an admin can add one.'),
        (["upon"], 'Put the prompt in quotes: inkling complete "Once upon".'),
        (["--file", "x.txt"], "Give me a prompt or --file, not both."),
    ],
)
def test_flag(capsys: pytest.CaptureFixture[str], flags: list[str], sentence: str) -> None:
    assert refusal(capsys, "complete", "Once", *flags) == sentence


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ([], 'Give me a text to finish: inkling complete "Once upon a time", or - to read it from standard input.'),
        ([""], "The prompt is empty; write some text for me to finish."),
        ([" \n"], "The prompt is empty; write some text for me to finish."),
        (["caf\udce9"], "The prompt is not UTF-8: byte 0xE9 at position 4."),
        (["a\ud800b"], "The prompt holds half of a surrogate pair at position 2; take it out and send it again."),
        (["a" * 100_001], "That prompt is 100,001 characters; the limit here is 100,000."),
        (["@missing.txt"], "There is no file missing.txt."),
        (["@."], ". is a folder; name a file in it."),
        (["--file", "a\0b"], "I can't read a�b (not a path)."),
    ],
)
def test_prompt(capsys: pytest.CaptureFixture[str], prompt: list[str], sentence: str) -> None:
    told = refusal(capsys, "complete", *prompt)
    assert told == sentence or "\0" in "".join(prompt)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"Once\0upon", "The prompt holds a NUL character at position 5; take it out and send it again."),
        (b"caf\xe9", "The text in story.txt is not UTF-8: byte 0xE9 at position 4."),
        (b"", "The prompt is empty; write some text for me to finish."),
        (b"a" * 400_001, "The text in story.txt is longer than 100,000 characters, the limit here."),
    ],
)
def test_file(capsys: pytest.CaptureFixture[str], place: Path, content: bytes, sentence: str) -> None:
    (place / "story.txt").write_bytes(content)
    assert refusal(capsys, "complete", "--file", "story.txt") == sentence


def test_closed_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert refusal(capsys, "complete", "-") == "There is no standard input to read a prompt from."


def test_standard_input_with_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\n")))
    assert refusal(capsys, "complete", "-") == "The prompt is empty; write some text for me to finish."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["complet", "x"], 'There is no command "complet". Did you mean "complete"?'),
        (["xyzzy"], 'There is no command "xyzzy"; inkling --help lists them.'),
        (["chat", "--port", "99999"], "--port must be a whole number between 0 and 65,535; you gave 99999."),
        (["chat", "--port", "x"], "--port must be a whole number between 0 and 65,535; you gave x."),
        (["chat", "now"], 'I don\'t know what "now" is for; inkling chat --help explains.'),
        (["config", "shw"], 'There is no command "shw". Did you mean "show"?'),
        (["--verson"], 'I don\'t know "--verson". Did you mean --version?'),
    ],
)
def test_command(capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    assert refusal(capsys, *arguments) == sentence


def test_settings(capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "inkling.toml").write_text("[limits]\nmax_length = 0\n", encoding="utf-8")
    expected = "inkling.toml: limits.max_length must be at least 1; found 0 (line 2)."
    assert refusal(capsys, "complete", "Once") == expected
    assert refusal(capsys, "config", "check") == expected
    monkeypatch.setenv("INKLING_WEB__PORT", "many")
    assert refusal(capsys, "chat").startswith(("inkling.toml:", "INKLING_WEB__PORT"))


def test_model_that_cannot_be(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKLING_DEFAULT_BACKEND", "local")
    monkeypatch.setenv("INKLING_BACKENDS__LOCAL__KIND", "local")
    assert refusal(capsys, "complete", "x", "--model", "./nothing").startswith('There is no model at "./nothing".')
    assert refusal(capsys, "chat", "--model", "a.gguf") == "There is no file a.gguf."
