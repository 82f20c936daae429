"""What a browser without the token sees: a form that asks for it, and the few files it is drawn with."""

from __future__ import annotations

from pathlib import Path

FILES = frozenset({"/page/base.css", "/page/token.css", "/page/icon.svg"})
_FORM = (Path(__file__).parent / "page" / "token.html").read_text(encoding="utf-8")
_COMPLAINT = '<p class="wrong" role="alert">That token is not right.</p>'


def token_page(is_wrong: bool) -> str:
    """The form; `is_wrong`: a token was given, and was not the one."""
    return _FORM.replace("<!-- complaint -->", _COMPLAINT if is_wrong else "")
