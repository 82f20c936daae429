"""The types of settings: how their values may be written, in TOML and in a variable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from config.sampling import read_number

_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
SETTING_ERROR = "setting"
"""Type of a PydanticCustomError whose message is a phrase in our voice. Its context may name the `field` at fault."""


def setting_error(phrase: str, field: str | None = None) -> PydanticCustomError:
    """A complaint: what the setting must be, to follow its name. `field` is where, when a whole table is wrong."""
    context = {"phrase": phrase} if field is None else {"phrase": phrase, "field": field}
    return PydanticCustomError(SETTING_ERROR, "{phrase}", context)


def _check_secret(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value.strip():
        raise setting_error("is empty; give it a value or leave it out")
    if not value.isprintable():
        raise setting_error("holds a character that can't be used")
    return secret


def _check_url(url: str) -> str:
    # The URL isn't shown here, as it may hold a password; later it is, in settings and in sentences for everybody.
    if not url.lower().startswith(("http://", "https://")) or not url.isprintable() or " " in url:
        raise setting_error("must be a URL that starts with http:// or https://")
    if not _has_address(url):
        raise setting_error("must name a host, and a port between 0 and 65535 if any")
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise setting_error("must not hold a user name or password; put a key into api_key")
    return url


def _check_web_socket_url(url: str) -> str:
    if not url.lower().startswith(("ws://", "wss://")) or not url.isprintable() or " " in url:
        raise setting_error("must be a URL that starts with ws:// or wss://")
    if not _has_address(url):
        raise setting_error("must name a host, and a port between 0 and 65535 if any")
    return url


def _has_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != -1  # reading the port is what checks it
    except ValueError:
        return False


def _check_table(name: str) -> str:
    if _TABLE.fullmatch(name) is None:
        raise setting_error("must be 3 to 255 letters, digits, dots, - and _")
    return name


def _split_names(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _expand_home(path: Path) -> Path:
    if "\x00" in str(path):
        raise setting_error("holds a character that can't be used")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise setting_error("begins with ~, but I can't tell whose home folder that is") from error


Whole = Annotated[int, BeforeValidator(read_number)]
Number = Annotated[float, BeforeValidator(read_number)]
Secret = Annotated[SecretStr, AfterValidator(_check_secret)]
TableName = Annotated[str, AfterValidator(_check_table)]
HttpUrl = Annotated[str, AfterValidator(_check_url)]
WebSocketUrl = Annotated[str, AfterValidator(_check_web_socket_url)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
"""Several names: a list, or text with commas between them."""
Folder = Annotated[Path, AfterValidator(_expand_home)]
