"""What a person reads of a message."""

from __future__ import annotations

import pytest

from tests.fakes.slack_world.reading import in_blocks, markdown, mrkdwn
from tests.slack_world.stage import set_stage


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("*bold* _italic_ ~gone~", "bold italic gone"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("`*as it is*` and ```<b> &amp;```", "*as it is* and <b> &"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<https://example.com|here> <https://example.com>", "here https://example.com"),
        ("<!channel> <!subteam^S1|@team>", "@channel @team"),
        ("> quoted\n&gt; not", "quoted\n> not"),
        ("", ""),
    ],
)
def test_mrkdwn(written: str, read: str) -> None:
    assert mrkdwn(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**bold** *italic* ~~gone~~", "bold italic gone"),
        ("# Title\n> quote", "Title\nquote"),
        ("[here](https://example.com)", "here"),
        (r"\*as it is\* \_", "*as it is* _"),
        ("`\\*raw\\*`", r"\*raw\*"),
    ],
)
def test_markdown(written: str, read: str) -> None:
    assert markdown(written) == read


async def test_ids_become_names() -> None:
    async with set_stage() as stage:
        text = f"<@{stage.ada.id}> in <#{stage.channel.id}>"
        assert mrkdwn(text, stage.team) == "@Ada in #general"


def test_blocks() -> None:
    rich = [{"type": "text", "text": "rich "}, {"type": "link", "url": "https://a", "text": "link"}]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "*Head*"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*a*"}, "fields": [{"type": "mrkdwn", "text": "_b_"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "c"}, {"type": "plain_text", "text": "d"}]},
        {"type": "markdown", "text": "**e**"},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": rich}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]},
    ]
    assert [each for each in in_blocks(blocks) if each] == ["*Head*", "a", "b", "c d", "e", "rich link"]
