"""The page reads and writes commands exactly as the server does."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from bots.commands.command_line import TypedCompletion, parse_completion
from config.errors import InvalidOptions
from tests.fakes.browser import needs_chromium, open_browser
from tests.fakes.page import serve_page

pytestmark = [pytest.mark.browser, needs_chromium]

TEXTS = [
    "Once upon a time",
    "temperature=0.7 samples=2 Once upon a time",
    "--temperature 0.7 --top-p=.9 -n 3 Once",
    "—temperature 0.7 temp:1 Once",
    "seed:7 Once: a tale",
    "seed: 7 prompt: Once",
    "seed: 7 Once",
    'stop="\\n" stop="the end" Once',
    "stop=“. ” Once",
    "private=true --no-cut Once",
    "--private Once",
    "preset=poem model=gpt2 -- --temperature is hot",
    "length=5 prompt:   temperature=1 is part of this",
    "Note: temperature=1 is warm",
    "a=1 b=2 Once",
    "top_n=5 num_samples=2 max_tokens=9 Once",
    "length=12\nOnce\nupon",
    "",
    "— Hello, she said.",
    "—Stop the car!",
    "–stop . Once",
    "- milk\n- eggs",
    "-x is a flag",
    "length=5 — Once",
    "--length 5 --prompt Once",
    "length:5 prompt=Once",
    "--seed:3 Once",
    "model=C:\\new Once",
    'stop="a\nb" Once',
    "https://example.org/?length=5",
    "x=5",
    "Once upon --samples 2 --seed 42",
    'length=5 Once --top-k=3 --stop "a b" --stop \\n',
    "Once --seed 1 upon --seed 2",
    "ls --color auto --seed 2",
    "Once --seed 2 upon",
    "Once --private --no-cut --model gpt2",
    "It is --private property",
    "-- Once --seed 2",
    "prompt: Once --seed 2",
    "Once x=5 seed=2",
    'Once --stop "a',
    "Once --length 9 \n",
]
PROMPTS_WITH_FLAGS = ["Once upon --length 7 --temperature 1", 'Once --stop "a" --length 5']
PROMPTS = ["Once upon", "seed:7 is my name", "--help is what I cried", "Dear Ann,\nI", "-n is a flag", "prompt: yes"]
READ = """async ([options, texts]) => {
  const command = await import("/page/command.js");
  command.learnOptions(options);
  return texts.map((text) => {
    const whole = `/complete ${text}`;
    const { options, promptStart, promptEnd } = command.parse(whole);
    return { options: options.map(({ name, value }) => [name, value]), prompt: whole.slice(promptStart, promptEnd) };
  });
}"""
WRITE = """async ([options, prompts, changes]) => {
  const command = await import("/page/command.js");
  command.learnOptions(options);
  const change = (text, [name, values]) => command.setOption(text, name, values);
  return prompts.map((prompt) => changes.reduce(change, prompt));
}"""


def server_reads(text: str) -> TypedCompletion | None:
    try:
        return parse_completion(text)
    except InvalidOptions:
        return None


async def options_of(page: Page) -> Any:
    return await page.evaluate("fetch('/api/session').then((r) => r.json()).then((s) => s.options)")


async def test_the_page_finds_the_options_the_server_finds() -> None:
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        found = await page.evaluate(READ, [await options_of(page), TEXTS])
        for text, its in zip(TEXTS, found, strict=True):
            read = server_reads(text)
            if read is None:
                continue
            assert its["prompt"].strip() == read.completion.prompt.strip(), text
            given = read.completion.overrides.given()
            names = {name for name, _ in its["options"]} - {"preset", "model", "private", "cut"}
            assert names == given.keys(), text
            stops = tuple(value for name, value in its["options"] if name == "stop")
            assert stops == given.get("stop", ()), text
            models = [value for name, value in its["options"] if name == "model"]
            assert models == ([read.completion.model] if read.completion.model else []), text
        browser.assert_clean()


async def test_what_the_sliders_write_the_server_reads() -> None:
    changes: list[list[Any]] = [
        ["temperature", ["0.5"]],
        ["stop", ["\n", 'say "hi"', "back\\slash"]],
        ["length", ["9"]],
        ["temperature", ["0.6"]],
        ["length", []],
    ]
    async with serve_page() as client, open_browser(client.url) as browser:
        page = browser.page
        texts = await page.evaluate(WRITE, [await options_of(page), PROMPTS, changes])
        for prompt, text in zip(PROMPTS, texts, strict=True):
            command, _, rest = text.partition(" ")
            read = parse_completion(rest)
            assert command == "/complete"
            assert read.completion.overrides.given() == {"temperature": 0.6, "stop": ("\n", 'say "hi"', "back\\slash")}
            assert read.completion.prompt == prompt
        browser.assert_clean()


async def test_sliders_write_flags_behind_the_prompt_where_they_stand() -> None:
    changes: list[list[Any]] = [["temperature", ["0.5"]], ["length", []], ["stop", [".", "x y"]]]
    async with serve_page() as client, open_browser(client.url) as browser:
        texts = [f"/complete {prompt}" for prompt in PROMPTS_WITH_FLAGS]
        written = await browser.page.evaluate(WRITE, [await options_of(browser.page), texts, changes])
        for text in written:
            read = parse_completion(text.removeprefix("/complete "))
            assert read.completion.overrides.given() == {"temperature": 0.5, "stop": (".", "x y")}
            assert read.completion.prompt in ("Once upon", "Once")
