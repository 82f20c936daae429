"""Emoji and the names Slack has for them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "🔁": "repeat",
    "▶": "arrow_forward",
    "⏹": "black_square_for_stop",
    "🗑": "wastebasket",
    "🔂": "repeat_one",
    "🔄": "arrows_counterclockwise",
    "🔃": "arrows_clockwise",
    "♻": "recycle",
    "✨": "sparkles",
    "🎲": "game_die",
    "🤖": "robot_face",
    "👍": "+1",
    "👎": "-1",
    "❤": "heart",
    "🔥": "fire",
    "🎉": "tada",
    "👀": "eyes",
    "🖋": "lower_left_fountain_pen",
    "✍": "writing_hand",
    "📝": "memo",
    "⏩": "fast_forward",
    "⏭": "black_right_pointing_double_triangle_with_vertical_bar",
}
_NAME = re.compile(r"[\w+'-]{1,100}")
_SIGNS = {name: sign for sign, name in _NAMES.items()}


def is_name(name: str) -> bool:
    """Whether an emoji of the workspace may be called so."""
    return _NAME.fullmatch(name) is not None


def name_of(emoji: str) -> str:
    """`repeat` for 🔁 and for `:repeat:`; others go by Unicode's name, which is what Slack calls many."""
    bare = emoji.strip().strip(":").partition("::")[0]
    plain = bare.replace("\ufe0f", "")
    if plain in _NAMES:
        return _NAMES[plain]
    if len(plain) == 1 and not plain.isascii():
        return unicodedata.name(plain, plain).lower().replace(" ", "_").replace("-", "_")
    return bare


def sign_of(name: str) -> str:
    """🔁 for `repeat`, whatever the skin tone; the name itself where we know no sign."""
    bare = name.partition("::")[0]
    return _SIGNS.get(bare, bare)
