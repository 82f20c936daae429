"""What people see of Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.discord_world.stage import set_stage
from tests.fakes.discord_world.reading import plain

MARKS = "\\`*_~|<>@#-:[]()"


@pytest.mark.parametrize(
    ("markdown", "seen"),
    [
        ("**Once** upon", "Once upon"),
        ("*a* and _time_", "a and time"),
        ("snake_case_name", "snake_case_name"),
        ("5 * 3 * 2", "5 * 3 * 2"),
        (r"\*not\* bold\_", "*not* bold_"),
        (r"\\", "\\"),
        ("`a*b*c`", "a*b*c"),
        ("``a`b``", "a`b"),
        ("```py\nx = **2\n```", "x = **2\n"),
        ("```\nopen", "```\nopen"),
        (r"\`\`\`not a fence\`\`\`", "```not a fence```"),
        ("# Title\n-# small\n> said", "Title\nsmall\nsaid"),
        ("~~gone~~ ||hidden|| __under__", "gone hidden under"),
        ("**seed 7** · `temperature 0.8`", "seed 7 · temperature 0.8"),
    ],
)
def test_marks_vanish_and_what_is_escaped_stays(markdown: str, seen: str) -> None:
    assert plain(markdown) == seen


@given(st.text(st.sampled_from(MARKS + "ab 1\n"), max_size=40))
def test_escaping_everything_shows_everything(text: str) -> None:
    escaped = "".join(f"\\{each}" if each in MARKS else each for each in text)
    assert plain(escaped) == text


async def test_a_message_is_read_with_its_embeds_and_layout() -> None:
    async with set_stage() as stage:
        embed = {
            "title": "**Title**",
            "description": "d",
            "fields": [{"name": "n", "value": "v"}],
            "footer": {"text": "f"},
        }
        message = await stage.api.sent(stage.channel, "**hello**", embeds=[embed])
        assert stage.discord.visible_text(message) == "hello\nTitle\nd\nn\nv\nf"
        layout = await stage.api.sent(stage.channel, "", flags=1 << 15, components=[{"type": 10, "content": "_text_"}])
        assert stage.discord.visible_text(layout) == "text"
