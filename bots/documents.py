"""Results as files, for what is too long for a message or no text at all, and prompts that come as files."""

from __future__ import annotations

from dataclasses import dataclass

from bots.views import ResultView
from config.errors import InvalidOptions
from config.text import shorten

MAX_BYTES_PER_CHARACTER = 4


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    text: str

    @property
    def content(self) -> bytes:
        return self.text.encode()


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; `description` is for those who can't see it."""

    name: str
    content: bytes
    description: str


Attachment = Document | Picture


def result_document(view: ResultView, sample: int) -> Document:
    """Prompt and completion of one sample, as one text. Raises InvalidOptions when there is none."""
    if not 0 <= sample < len(view.samples):
        raise InvalidOptions(f"sample must be between 1 and {len(view.samples)}; you gave {sample + 1}.", "sample")
    number = f"-{sample + 1}" if len(view.samples) > 1 else ""
    return Document(f"{_stem(view)}{number}.txt", view.prompt + view.samples[sample].text)


def prompt_document(view: ResultView) -> Document:
    return Document(f"{_stem(view)}-prompt.txt", view.prompt)


def _stem(view: ResultView) -> str:
    return f"inkling-{view.request_id[-8:].lower()}"


def check_size(name: str, size: int, max_characters: int) -> None:
    """InvalidOptions when a file can't be a prompt, before it is fetched."""
    if size > max_characters * MAX_BYTES_PER_CHARACTER:
        raise InvalidOptions(f"{shorten(name)} is {size:,} bytes; a prompt has up to {max_characters:,} characters.")


def read_prompt(name: str, content: bytes) -> str:
    """A file's text as a prompt, without the line break at its end. Raises InvalidOptions."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = f"byte 0x{content[error.start]:02X} at position {error.start + 1:,}"
        raise InvalidOptions(f"{shorten(name)} is not text in UTF-8: {place}.", "prompt") from None
    return text.removesuffix("\n").removesuffix("\r")
