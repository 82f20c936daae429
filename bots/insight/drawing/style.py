"""How the pictures look: one card that is legible on light and dark grounds, colours that the colour-blind tell apart.

Okabe and Ito's blue and orange; what is cut off is grey and hatched, so that no colour alone says it.
"""

from __future__ import annotations

PAPER = "#fbfaf7"
INK = "#1d2026"
SOFT_INK = "#565b65"
LINE = "#d8d4ca"
MODEL = "#0072b2"
PROMPT = "#e69f00"
GIVEN = "#9cc7e3"
CUT = "#b9b9b9"

WIDTH_IN = 3.9
"""A phone's 390 px at 100 to the inch."""
DOTS_PER_INCH = 200
POINTS_PER_INCH = 72
LARGE, SMALL, TINY = 9.6, 8.0, 7.3
"""Sizes of letters, in points."""
MARGIN_IN = 0.12
