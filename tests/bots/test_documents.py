from __future__ import annotations

import pytest

from bots.documents import check_size, prompt_document, read_prompt, result_document
from bots.presenter import present
from config.errors import InvalidOptions
from config.sampling import SamplingOptions
from tests.fakes.records import make_finished_sample, make_request


def test_a_result_is_prompt_and_completion() -> None:
    record = make_request(prompt="Once", options=SamplingOptions(samples=2, seed=1), id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
    view = present(record, [make_finished_sample(record, index, text=f" {index}") for index in range(2)])
    document = result_document(view, 1)
    assert (document.name, document.text) == ("inkling-q69g5fav-2.txt", "Once 1")
    assert prompt_document(view).text == "Once"
    with pytest.raises(InvalidOptions, match=r"^sample must be between 1 and 2; you gave 3\.$"):
        result_document(view, 2)


@pytest.mark.parametrize("content", ["Grüße\n".encode(), "Grüße\r\n".encode("utf-8-sig"), "Grüße".encode()])
def test_reads_a_prompt(content: bytes) -> None:
    assert read_prompt("a.txt", content) == "Grüße"


def test_says_where_a_file_is_no_text() -> None:
    with pytest.raises(InvalidOptions, match=r"^cat.png is not text in UTF-8: byte 0x89 at position 1\.$"):
        read_prompt("cat.png", b"\x89PNG")


def test_a_file_that_cannot_fit_is_refused_before_it_is_fetched() -> None:
    check_size("a.txt", 400, 100)
    with pytest.raises(InvalidOptions, match=r"^a.txt is 401 bytes; a prompt has up to 100 characters\.$"):
        check_size("a.txt", 401, 100)
