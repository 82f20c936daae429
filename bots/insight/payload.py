"""An insight for programs and for the page that draws it: numbers, and the words every front uses."""

from __future__ import annotations

from typing import Any

from bots.insight.insight import Insight
from bots.insight.spelling import spell_token
from bots.insight.table import insight_lines


def insight_json(insight: Insight) -> dict[str, Any]:
    """Tokens as they are shown and as their bytes; probabilities from 0 to 1."""
    kept = insight.explanation.kept
    return {
        "model": insight.model,
        "prompt": insight.prompt,
        "options": insight.options.model_dump(),
        "heading": insight.heading,
        "shaping": insight.shaping,
        "kept_sentence": insight.kept_sentence,
        "written_sentence": insight.written_sentence,
        "kept": None if kept is None else {"count": kept.count, "mass": kept.mass},
        "candidates": [
            {
                **_token_json(each.token),
                "given": each.given,
                "tempered": each.tempered,
                "kept": each.kept,
                "chosen": each.token == insight.chosen,
            }
            for each in insight.candidates
        ],
        "tokens": [
            {**_token_json(each.token), "probability": each.probability, "written": each.written}
            for each in insight.explanation.tokens
        ],
        "lines": list(insight_lines(insight)),
        "notes": list(insight.notes),
    }


def _token_json(token: bytes) -> dict[str, Any]:
    return {"token": spell_token(token), "bytes": list(token)}
