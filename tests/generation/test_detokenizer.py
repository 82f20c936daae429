from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.detokenizer import CompletionText, Detokenizer, WindowReader
from generation.stop_strings import StopStrings
from tests.fakes.tiny_models import build_byte_level_tokenizer, build_sentencepiece_tokenizer

BYTE_LEVEL = build_byte_level_tokenizer()
SENTENCEPIECE = build_sentencepiece_tokenizer()
WORDS = ["Once upon a time", "naïve café", "日本語 テキスト", "🧑‍🚀 a b 👍🏽", "a\n\nb\tc", " two  spaces "]

byte_ids = st.lists(st.integers(0, 255), max_size=60)
stop_lists = st.lists(st.text("abc�", min_size=1, max_size=5), max_size=4)


def read(text: CompletionText, token_ids: list[int]) -> list[str]:
    deltas = []
    for token in token_ids:
        deltas.append(text.feed(token))
        if text.stopped_by is not None:
            return deltas
    return [*deltas, text.finish()]


def cut(text: str, stops: list[str]) -> tuple[str, str | None]:
    """The definition: the stop string that is complete first ends the text, the longest of several."""
    for end in range(1, len(text) + 1):
        ending = sorted((stop for stop in stops if text[:end].endswith(stop)), key=len)
        if ending:
            return text[: end - len(ending[-1])], ending[-1]
    return text, None


@given(byte_ids)
def test_byte_level_deltas_join_to_the_tokenizers_own_text(token_ids: list[int]) -> None:
    deltas = read(Detokenizer(BYTE_LEVEL).start([1], []), token_ids)
    assert "".join(deltas) == BYTE_LEVEL.decode(token_ids)


@given(st.text(max_size=40))
@pytest.mark.parametrize("tokenizer", [BYTE_LEVEL, SENTENCEPIECE], ids=["byte-level", "sentencepiece"])
def test_real_text_survives_and_no_delta_holds_half_a_character(tokenizer, text: str) -> None:
    token_ids = tokenizer("x" + text, add_special_tokens=False).input_ids
    prompt = tokenizer("x", add_special_tokens=False).input_ids
    completion = Detokenizer(tokenizer).start(prompt, [])
    deltas = read(completion, token_ids[len(prompt) :])
    assert "".join(deltas) == text
    assert not any("�" in delta for delta in deltas) or "�" in text


@given(byte_ids, stop_lists)
def test_deltas_join_to_the_text_up_to_the_first_stop(token_ids: list[int], stops: list[str]) -> None:
    completion = Detokenizer(BYTE_LEVEL).start([1], stops)
    text, stop = cut(BYTE_LEVEL.decode(token_ids), stops)
    assert "".join(read(completion, token_ids)) == text
    assert completion.stopped_by == stop


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.text("ab", min_size=1, max_size=4), max_size=4))
def test_stop_strings_do_not_depend_on_how_the_text_is_cut(pieces: list[str], stops: list[str]) -> None:
    matcher, shown = StopStrings(stops), ""
    text, stop = cut("".join(pieces), stops)
    for sign in "".join(pieces):
        shown += matcher.feed(sign)
        assert text.startswith(shown)
    shown += matcher.flush()
    whole = StopStrings(stops)
    assert shown == whole.feed("".join(pieces)) + whole.flush() == text
    assert matcher.matched == whole.matched == stop


@pytest.mark.parametrize("text", WORDS)
def test_a_text_that_begins_with_nothing_drops_the_piece_s_space(text: str) -> None:
    token_ids = SENTENCEPIECE(text, add_special_tokens=False).input_ids
    completion = Detokenizer(SENTENCEPIECE).start([SENTENCEPIECE.bos_token_id], [])
    assert "".join(read(completion, token_ids)) == SENTENCEPIECE.decode(token_ids) == text


def test_a_word_after_a_prompt_keeps_its_space() -> None:
    prompt = SENTENCEPIECE("a", add_special_tokens=False).input_ids
    word = SENTENCEPIECE.convert_tokens_to_ids("▁b")
    assert read(Detokenizer(SENTENCEPIECE).start(prompt, []), [word]) == [" b", ""]


@pytest.mark.parametrize("tokenizer", [BYTE_LEVEL, SENTENCEPIECE], ids=["byte-level", "sentencepiece"])
def test_a_truncated_character_ends_as_a_replacement_character(tokenizer) -> None:
    token_ids = tokenizer("é€", add_special_tokens=False).input_ids
    deltas = read(Detokenizer(tokenizer).start([40], []), token_ids[:-1])
    assert "".join(deltas).lstrip() == "é�"
    assert "�" not in "".join(deltas[:-1])


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("tokenizer", [BYTE_LEVEL, SENTENCEPIECE], ids=["byte-level", "sentencepiece"])
def test_the_window_for_unknown_tokenizers_agrees_on_real_text(tokenizer, text: str) -> None:
    prompt = tokenizer("a", add_special_tokens=False).input_ids
    token_ids = tokenizer("a" + text, add_special_tokens=False).input_ids[len(prompt) :]
    reader = WindowReader(tokenizer, prompt)
    assert "".join([*map(reader.read, token_ids), reader.finish()]) == text


def test_special_and_unknown_tokens_are_silent() -> None:
    assert read(Detokenizer(BYTE_LEVEL).start([1], []), [256, 9999]) == ["", "", ""]
