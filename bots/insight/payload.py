"""An insight for programs and for the page that draws it: numbers, and the words every front uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bots.insight.choices import Taken
from bots.insight.insight import Insight, percent
from bots.insight.spelling import spell_token
from bots.insight.stages import legend, numbers_of
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
        "legend": [list(entry) for entry in legend(insight)],
        "kept": None if kept is None else {"count": kept.count, "mass": kept.mass},
        "candidates": [
            {
                **_token_json(each.token),
                "given": each.given,
                "tempered": each.tempered,
                "kept": each.kept,
                "numbers": numbers_of(insight, each),
                "chosen": each.token == insight.chosen,
            }
            for each in insight.candidates
        ],
        "tokens": [
            {**_token_json(each.token), **_chance_json(each.probability), "written": each.written}
            for each in insight.explanation.tokens
        ],
        "taken": list(_taken_json(insight.taken)),
        "lines": list(insight_lines(insight)),
        "notes": list(insight.notes),
    }


def _taken_json(taken: Sequence[Taken]) -> Iterator[dict[str, Any]]:
    """Each written token with what could stand there instead; `kept` and `text` say where, as a branch wants it."""
    kept = 0
    for each in taken:
        others = [
            {"token": spell_token(other.token), "text": other.text, **_chance_json(other.probability)}
            for other in each.candidates
        ]
        yield {
            "token": spell_token(each.token),
            "text": each.text,
            **_chance_json(each.probability),
            "kept": kept,
            "others": others,
        }
        kept += len(each.text)


def _token_json(token: bytes) -> dict[str, Any]:
    return {"token": spell_token(token), "bytes": list(token)}


def _chance_json(probability: float | None) -> dict[str, Any]:
    """`percent` as every front writes it."""
    return {"probability": probability, "percent": None if probability is None else percent(probability)}
