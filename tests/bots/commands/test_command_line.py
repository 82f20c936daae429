from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bots.commands.command_line import parse_completion, parse_options
from config.errors import InvalidOptions
from config.sampling import MAX_SEED, OPTION_BY_NAME, SamplingOverrides
from tests.fakes.sentences import check_sentence, refusal_of

texts = st.text(max_size=200)
stops = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9))
overrides = st.builds(
    SamplingOverrides,
    temperature=st.none() | st.floats(0, 2),
    top_k=st.none() | st.integers(0, 1000),
    top_p=st.none() | st.floats(0, 1),
    repetition_penalty=st.none() | st.floats(1, 2),
    presence_penalty=st.none() | st.floats(-2, 2),
    length=st.none() | st.integers(1, 400),
    samples=st.none() | st.integers(1, 8),
    seed=st.none() | st.integers(0, MAX_SEED),
    stop=st.none() | stops.filter(bool).map(lambda each: tuple(each[:4])),
)
styles = st.sampled_from(["--{0} {1}", "--{0}={1}", "{0}={1}", "{0}:{1}", "—{0} {1}", "–{0}={1}"])


def write_stop(stop: str) -> str:
    escaped = stop.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def write_options(given: SamplingOverrides, style: str = "--{0} {1}") -> str:
    """As a careful person types them."""
    options = given.given()
    stops = options.pop("stop", ())
    assert isinstance(stops, tuple)
    pairs = [*options.items(), *(("stop", write_stop(stop)) for stop in stops)]
    return " ".join(style.format(name, value) for name, value in pairs)


def prompt_of(text: str) -> str:
    return parse_completion(text).completion.prompt


def refusal(text: str) -> str:
    with pytest.raises(InvalidOptions) as caught:
        parse_completion(text)
    return caught.value.sentence


@given(texts)
@example("-- x")
@example(" \n x ")
@example("--temperature 9")
@example("prompt: x")
def test_what_follows_the_end_sign_is_verbatim(prompt: str) -> None:
    typed = parse_completion(f"-- {prompt}")
    assert typed.completion.prompt == prompt
    assert typed.completion.overrides == SamplingOverrides()
    assert prompt_of(f"temperature=1 -- {prompt}") == prompt
    assert prompt_of(f"--top-k 5 -- {prompt}") == prompt


@given(overrides, styles, texts)
def test_written_options_are_read_back(given: SamplingOverrides, style: str, prompt: str) -> None:
    typed = parse_completion(f"{write_options(given, style)} -- {prompt}").completion
    assert typed.overrides == given
    assert typed.prompt == prompt
    assert parse_options(write_options(given, style)) == given


PIECES = (
    *("--", "-", "—", " ", "\n", "=", ":", '"', "“", "”", "'", "„", "‘", "\\", "\x07", "\ud800", "\0", "\u202e"),
    *("n", "stop", "top-k", "temperatur", "cut", "no-", "5", "preset", "model", "prompt", "private", "1e9", "nan", "é"),
)


@given(texts | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        typed = parse_completion(text)
    except InvalidOptions as error:
        check_sentence(error.sentence)
    else:
        prompt = typed.completion.prompt
        behind = text[text.rindex(prompt) + len(prompt) :]
        assert not behind.strip() or parse_completion(behind).completion.prompt == ""


@pytest.mark.parametrize(
    "prompt",
    [
        "Once upon a time",
        "- milk\n- eggs\n- bread",
        "* one\n* two",
        "1. first",
        "-5 degrees outside",
        "---\ntitle: Ships\n---\n",
        "— Hello, she said.",
        "—Hello, she said.",
        "–Stop! he cried.",
        "—Stop the car!",
        "—",
        "x=5",
        "x = 5\ny = 6",
        "def f(x=5): return",
        "https://example.org/?temperature=5",
        "http://a",
        "key: value",
        "Dear Ann: hello",
        "Note:this",
        "model of a ship",
        "stop it",
        "private thoughts",
        '"Quoted," she said.',
        "“Typographic”",
        "'tis",
        "#!/bin/sh\necho -n hello",
        "| a | b |",
        "> quote",
        "$x$",
        "ａ＝５",
        "-x",
        "-abc def",
        "→",
    ],
)
def test_prompts_that_only_look_like_options_are_kept(prompt: str) -> None:
    typed = parse_completion(prompt)
    assert typed.completion.prompt == prompt
    assert typed.completion.overrides == SamplingOverrides()


@pytest.mark.parametrize(
    ("text", "options", "prompt"),
    [
        ("--temperature 0.7 Once upon", {"temperature": 0.7}, "Once upon"),
        ("--top-p=.9 Once", {"top_p": 0.9}, "Once"),
        ("-n 3 Once", {"samples": 3}, "Once"),
        ("-n=3 Once", {"samples": 3}, "Once"),
        ("temperature=0.5 seed:7 Once", {"temperature": 0.5, "seed": 7}, "Once"),
        ("Temperature=0.5 Once", {"temperature": 0.5}, "Once"),
        ("—temperature 0.7 Once", {"temperature": 0.7}, "Once"),
        ("–top_k 5 — Once", {"top_k": 5}, "Once"),
        ("temperature: 0.7 prompt: Once", {"temperature": 0.7}, "Once"),
        ("temperature:0.7 length:5 prompt:Once", {"temperature": 0.7, "length": 5}, "Once"),
        ("--length 5 --prompt Once upon", {"length": 5}, "Once upon"),
        ("length=5 prompt=Once upon", {"length": 5}, "Once upon"),
        ("--max-tokens 5 --num-samples 2 Once", {"length": 5, "samples": 2}, "Once"),
        ("top_n=3 Once", {"top_k": 3}, "Once"),
        ("temperature=0.5\nOnce", {"temperature": 0.5}, "Once"),
        ("temperature=0.5 x=5", {"temperature": 0.5}, "x=5"),
        ("temperature=0.5 - item", {"temperature": 0.5}, "- item"),
        ("  seed=1   Once  ", {"seed": 1}, "Once  "),
        ("--seed:3 Once", {"seed": 3}, "Once"),
    ],
)
def test_options_as_people_type_them(text: str, options: dict[str, object], prompt: str) -> None:
    completion = parse_completion(text).completion
    assert (completion.overrides.given(), completion.prompt) == (options, prompt)


@pytest.mark.parametrize(
    ("text", "options", "prompt"),
    [
        ("Once upon --samples 2 --seed 42", {"samples": 2, "seed": 42}, "Once upon"),
        ("length=5 Once upon\n--top-k=3\n", {"length": 5, "top_k": 3}, "Once upon"),
        ('Once --stop "a b" --stop \\n', {"stop": ("a b", "\n")}, "Once"),
        ("Once --seed 1 upon --seed 2", {"seed": 2}, "Once --seed 1 upon"),
        ("ls --color auto", {}, "ls --color auto"),
        ("ls --color auto --seed 2", {"seed": 2}, "ls --color auto"),
        ("Once --seed 2 upon", {}, "Once --seed 2 upon"),
        ("Once--seed 2", {}, "Once--seed 2"),
        ("Once x=5 seed=2", {}, "Once x=5 seed=2"),
        ("I said --stop", {}, "I said --stop"),
        ('Once --stop "a', {}, 'Once --stop "a'),
        ("-- Once --seed 2", {}, "Once --seed 2"),
        ("prompt: Once --seed 2", {}, "Once --seed 2"),
        ("seed=1 -- Once --seed 2", {"seed": 1}, "Once --seed 2"),
    ],
)
def test_flags_behind_the_prompt(text: str, options: dict[str, object], prompt: str) -> None:
    completion = parse_completion(text).completion
    assert (completion.overrides.given(), completion.prompt) == (options, prompt)


def test_switches_behind_the_prompt() -> None:
    typed = parse_completion("Once upon --private --no-cut --model gpt2")
    completion = typed.completion
    assert (completion.prompt, completion.model, completion.cut, typed.private) == ("Once upon", "gpt2", False, True)
    assert not parse_completion("Once --cut=no").completion.cut
    assert parse_completion("It is --private property").completion.prompt == "It is --private property"


@given(overrides.filter(lambda each: each.given()), st.text(st.characters(exclude_characters="-—–=:", codec="utf-8")))
def test_options_read_behind_a_prompt_are_those_read_before_it(given: SamplingOverrides, prompt: str) -> None:
    prompt = f"Once {prompt}".strip()
    assert parse_completion(f"{prompt} {write_options(given)}").completion.overrides == given
    assert prompt_of(f"{prompt} {write_options(given)}") == prompt


@pytest.mark.parametrize(
    ("written", "stop"),
    [
        ("\\n", "\n"),
        ('"\\n\\n"', "\n\n"),
        ('"two words"', "two words"),
        ("“two words”", "two words"),
        ("„zwei Worte“", "zwei Worte"),
        ("«deux mots»", "deux mots"),
        ("'two words'", "two words"),
        ("‘two words’", "two words"),
        ('"say \\"hi\\""', 'say "hi"'),
        ("\\\\n", "\\n"),
        ("\\s", " "),
        ("a\\tb", "a\tb"),
        ("\\d", "\\d"),
        ("'", "'"),
        ('"a\nb"', "a\nb"),
    ],
)
def test_quotes_and_escapes_of_stops(written: str, stop: str) -> None:
    typed = parse_completion(f"stop={written} Once").completion
    assert (typed.overrides.stop, typed.prompt) == ((stop,), "Once")


def test_several_stops() -> None:
    assert parse_completion("--stop a --stop b stop=c x").completion.overrides.stop == ("a", "b", "c")


def test_words_and_switches() -> None:
    typed = parse_completion("--preset poem --model C:\\new --private --no-cut Once")
    completion = typed.completion
    assert (completion.preset, completion.model, completion.cut, typed.private) == ("poem", "C:\\new", False, True)
    assert completion.prompt == "Once"
    assert not parse_completion("cut:false Once").completion.cut
    assert parse_completion("private=yes Once").private
    assert parse_completion("--private Once").completion.prompt == "Once"
    assert parse_completion('model="my model" Once').completion.model == "my model"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("--temprature 1 x", 'I don\'t know "--temprature". Did you mean --temperature?'),
        ("temprature=1 x", 'I don\'t know "temprature". Did you mean temperature?'),
        ("--top-q 1 x", 'I don\'t know "--top-q". Did you mean --top-p?'),
        ("x --temprature 1", 'I don\'t know "--temprature". Did you mean --temperature?'),
        ("x --samples 99", "samples must be between 1 and 32; you gave 99."),
        ("seed=1 x --seed 2", "seed is given twice."),
        ("--zzz 1 x", f'I don\'t know "--zzz". The options are {", ".join(OPTION_BY_NAME)}.'),
        ("temperature=3 x", "temperature must be between 0 and 2; you gave 3."),
        ("--temperature 1,5 x", 'temperature: "1,5" is not a number here; write 1.5.'),
        ("top_p=nan x", "top_p must be a number between 0 and 1; nan is not one."),
        ("length=0 x", "length must be between 1 and 8,192; you gave 0."),
        ("--temperature", "--temperature needs a value."),
        ('stop="abc x', 'The quote of stop that begins with "abc x has no end.'),
        ("--model\nx", "--model needs a value."),
        ("seed=1 seed=2 x", "seed is given twice."),
        ("top_k=1 top_n=2 x", "top_k is given twice."),
        ("cut=perhaps x", 'cut is true or false; you gave "perhaps".'),
        ('stop="" x', "stop can't be an empty string."),
        ("stop=a stop=b stop=c stop=d stop=e x", "stop takes up to 4 strings; you gave more."),
    ],
)
def test_refusals_quote_the_piece(text: str, sentence: str) -> None:
    assert refusal(text) == sentence


def test_options_alone() -> None:
    assert parse_options("temperature=1.2 --top-k 0").given() == {"temperature": 1.2, "top_k": 0}
    assert parse_options("  ").given() == {}
    with pytest.raises(InvalidOptions, match='"hello there" is not an option'):
        parse_options("top_k=1 hello there")


HOSTILE = 100_000


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "“",
        "\\",
        '"\\',
        "-",
        "--",
        "—",
        "=",
        "a",
        "a-",
        "a=",
        "--a",
        "stop=",
        "stop=a ",
        'stop="',
        "stop='a' ",
        "temperature ",
        "temperature:",
        "temperature: ",
        "prompt",
        "prompt:",
        "n=1 ",
        " ",
        "\n",
        "\t ",
        "--no-cut ",
        " --no-cut",
        " --stop “",
        ' --stop "',
        " --seed 1",
        " --seed",
        " --a b",
        "„“",
        "é",
        "\ud800",
        "\0",
    ],
)
@pytest.mark.parametrize("before", ["", "stop=", "--stop ", "temperature: ", "--"])
def test_hostile_text_takes_no_time(piece: str, before: str) -> None:
    text = before + piece * (HOSTILE // len(piece))
    started = time.process_time()
    refusal_of(lambda: parse_completion(text))
    assert time.process_time() - started < 0.5
