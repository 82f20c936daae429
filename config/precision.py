"""How exactly a model's weights are kept in memory."""

from __future__ import annotations

from typing import Literal, get_args

Precision = Literal["auto", "int8", "bf16", "fp32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
