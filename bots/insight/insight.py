"""What 📊 Why shows, free of any platform: an explanation with the request it is of."""

from __future__ import annotations

from dataclasses import dataclass

from backends.explanation import Candidate, Explanation, TokenChance
from bots.insight.choices import Taken, taken_tokens
from bots.insight.spelling import quoted_token, spell_excerpt
from bots.presenter import shown
from config.sampling import SamplingOptions

_EXCERPT = 32
_FILTERS = ("top_k", "top_p", "min_p", "typical_p")
_OFF = SamplingOptions()
"""Penalties as they usually are: they do nothing."""
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
        names = ("temperature", *self.filters, *self.penalties)
        return " · ".join(f"{name} {shown(getattr(options, name))}" for name in names)

    @property
    def filters(self) -> tuple[str, ...]:
        """The options that cut something off, by name."""
        return tuple(name for name in _FILTERS if _is_on(name, getattr(self.options, name)))

    @property
    def penalties(self) -> tuple[str, ...]:
        return tuple(name for name in _PENALTIES if getattr(self.options, name) != getattr(_OFF, name))

    @property
    def between(self) -> str:
        """`after temperature`: what changed the model's numbers before the filters did; empty where there is nothing
        to tell apart, or nobody can."""
        if self.explanation.kept is None or self.options.greedy or not self.filters:
            return ""
        changes = {"penalties": bool(self.penalties), "temperature": self.options.temperature != 1}
        names = " and ".join(name for name, does in changes.items() if does)
        return f"after {names}" if names else ""

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
        share = f"{percent(kept.mass)} of the probability{f' {self.between}' if self.between else ''}."
        if kept.count == 1:
            return f"1 token is kept; it holds {share}"
        return f"{kept.count:,} tokens are kept; together they hold {share}"

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
        # Of an even number the lower one: half of them are above that, not above the other.
        middle = sorted(each.probability or 0.0 for each in told)[(len(told) - 1) // 2]
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
