"""What 📊 Why shows, free of any platform: an explanation with the request it is of."""

from __future__ import annotations

from dataclasses import dataclass

from backends.explanation import Candidate, Explanation, TokenChance
from bots.insight.choices import Taken, taken_tokens
from bots.insight.spelling import quoted_token, spell_excerpt
from bots.presenter import shown
from config.sampling import SamplingOptions

_EXCERPT = 32
_SHAPING = ("temperature", "top_k", "top_p", "min_p", "typical_p")
_OFF = SamplingOptions(temperature=1.0, top_k=0, top_p=1.0)
"""Filters as they are when they do nothing; penalties as they usually are."""
_PENALTIES = ("repetition_penalty", "frequency_penalty", "presence_penalty")


@dataclass(frozen=True, slots=True)
class Insight:
    prompt: str
    options: SamplingOptions
    model: str | None
    explanation: Explanation
    notes: tuple[str, ...] = ()
    sample: str | None = None
    """The text of the result that it is of; None when it is of none, and there is nothing to go on from."""

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.explanation.candidates

    @property
    def chosen(self) -> bytes | None:
        """The first token that was written."""
        return next((each.token for each in self.explanation.tokens if each.written), None)

    @property
    def written(self) -> tuple[TokenChance, ...]:
        return tuple(each for each in self.explanation.tokens if each.written)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The sample token by token, to choose otherwise; empty where that can't be done."""
        return () if self.sample is None else taken_tokens(self.written, self.sample)

    @property
    def shaping(self) -> str:
        """`temperature 0.8 · top_k 40`: the options that make the one distribution of the other; off ones left out."""
        options = self.options
        if options.greedy:
            return "temperature 0: always the likeliest"
        filters = [name for name in _SHAPING[1:] if _is_on(name, getattr(options, name))]
        penalties = [name for name in _PENALTIES if getattr(options, name) != getattr(_OFF, name)]
        return " · ".join(f"{name} {shown(getattr(options, name))}" for name in ("temperature", *filters, *penalties))

    @property
    def heading(self) -> str:
        """`What could come after "…there was a"`."""
        return f"What could come after {spell_excerpt(self.prompt, _EXCERPT)}"

    @property
    def kept_sentence(self) -> str:
        """What the filters leave, or why nobody can say."""
        kept = self.explanation.kept
        if kept is None:
            return "This server tells only what the model gave, not what the options cut off."
        if kept.count == 1:
            return f"1 token is kept; it holds {percent(kept.mass)} of the probability."
        return f"{kept.count:,} tokens are kept; together they hold {percent(kept.mass)} of the probability."

    @property
    def written_sentence(self) -> str:
        """How likely the completion was, and its least likely token."""
        told = [each for each in self.written if each.probability is not None]
        if not told:
            return "No token of a completion is here to look at."
        least = min(told, key=lambda each: each.probability or 0.0)
        rarest = f"{quoted_token(least.token)} with {percent(least.probability or 0.0)}"
        if len(told) == 1:
            return f"1 token was written: {rarest}."
        middle = sorted(each.probability or 0.0 for each in told)[len(told) // 2]
        return (
            f"{len(told):,} tokens were written; half of them were likelier than {percent(middle)}, "
            f"the least likely was {rarest}."
        )


def _is_on(name: str, value: float) -> bool:
    if name in ("top_p", "typical_p"):
        return 0 < value < 1
    return value > 0


def percent(probability: float) -> str:
    """`12.3 %`, `0.04 %`, `<0.01 %`."""
    share = 100 * probability
    if share >= 99.95:
        return "100 %"
    if share >= 1:
        return f"{share:.1f} %"
    if share >= 0.01:
        return f"{share:.2f} %"
    return "<0.01 %" if share > 0 else "0 %"
