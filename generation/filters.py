"""temperature → top_k → top_p → min_p → typical_p for a batch of rows, each with options of its own.

The kept sets equal those of transformers' logits processors; of equally likely tokens top_p keeps those with the higher
id, where transformers keeps arbitrary ones. All in double precision; -inf marks a dropped token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from config.sampling import SamplingOptions

_LIKELIEST = 1024
"""top_p looks at this many tokens first, and sorts the whole vocabulary only when they do not settle it."""


def filter_logits(logits: torch.Tensor, options: Sequence[SamplingOptions]) -> torch.Tensor:
    """Scores [row, vocabulary] after temperature and filters; a softmax gives the distribution to draw from.

    `logits` are after penalties. A greedy row (temperature 0) keeps its likeliest token only, the first one of equals.
    """
    logits = logits.double()
    # From the likeliest down: the tiniest temperature then stretches the others to -inf, and nothing to infinity.
    scores = (logits - logits.amax(dim=1, keepdim=True)) / _column([option.temperature or 1.0 for option in options])
    vocabulary = scores.shape[1]
    _apply(scores, options, lambda option: 0 < option.top_k < vocabulary, _keep_top_k)
    _apply(scores, options, lambda option: 0 < option.top_p < 1, _keep_top_p)
    _apply(scores, options, lambda option: option.min_p > 0, _keep_min_p)
    _apply(scores, options, lambda option: 0 < option.typical_p < 1, _keep_typical)
    greedy = [index for index, option in enumerate(options) if option.greedy]
    if greedy:
        scores[greedy] = _keep_first_likeliest(logits[greedy])
    return scores


def _apply(
    scores: torch.Tensor,
    options: Sequence[SamplingOptions],
    wanted: Callable[[SamplingOptions], bool],
    keep: Callable[[torch.Tensor, list[SamplingOptions]], torch.Tensor],
) -> None:
    """Drop what `keep` does not keep, in the rows that want this filter."""
    rows = [index for index, option in enumerate(options) if not option.greedy and wanted(option)]
    if rows:
        chosen = scores[rows]
        kept = keep(chosen, [options[index] for index in rows])
        scores[rows] = chosen.masked_fill(~kept, -torch.inf)


def _keep_first_likeliest(logits: torch.Tensor) -> torch.Tensor:
    kept = torch.full(logits.shape, -torch.inf, dtype=torch.double)
    return kept.scatter_(1, logits.argmax(dim=1, keepdim=True), 0.0)


def _keep_top_k(scores: torch.Tensor, options: list[SamplingOptions]) -> torch.Tensor:
    counts = torch.tensor([option.top_k for option in options])[:, None]
    likeliest = torch.topk(scores, int(counts.max()), dim=1).values
    return scores >= likeliest.gather(1, counts - 1)


def _keep_top_p(scores: torch.Tensor, options: list[SamplingOptions]) -> torch.Tensor:
    """The likeliest tokens up to and with the one that crosses p."""
    p = _column([option.top_p for option in options])
    probabilities = torch.softmax(scores, dim=1)
    count = min(_LIKELIEST, scores.shape[1])
    ids = torch.topk(scores, count, dim=1, sorted=False).indices.sort(dim=1).values
    kept, settled = _keep_nucleus(scores, probabilities, ids, p)
    rest = (~settled).nonzero()[:, 0]
    if len(rest) and count < scores.shape[1]:
        every = torch.arange(scores.shape[1]).expand(len(rest), -1)
        kept[rest] = _keep_nucleus(scores[rest], probabilities[rest], every, p[rest])[0]
    return kept


def _keep_nucleus(
    scores: torch.Tensor, probabilities: torch.Tensor, ids: torch.Tensor, p: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The nucleus among the tokens `ids` (ascending), and in which rows no token outside could be part of it.

    Of equally likely tokens those with the higher id are kept first.
    """
    order = scores.gather(1, ids).sort(dim=1, stable=True).indices.flip(1)
    ids = ids.gather(1, order)
    shares = probabilities.gather(1, ids)
    chosen = shares.cumsum(dim=1) - shares < p
    chosen[:, 0] = True
    kept = torch.zeros_like(scores, dtype=torch.bool).scatter_(1, ids, chosen)
    ordered = scores.gather(1, ids)
    last_kept = ordered.gather(1, chosen.sum(dim=1, keepdim=True) - 1)[:, 0]
    return kept, last_kept > ordered[:, -1]


def _keep_min_p(scores: torch.Tensor, options: list[SamplingOptions]) -> torch.Tensor:
    share = _column([option.min_p for option in options])
    return torch.exp(scores - scores.amax(dim=1, keepdim=True)) >= share


def _keep_typical(scores: torch.Tensor, options: list[SamplingOptions]) -> torch.Tensor:
    """The tokens whose surprise is closest to the expected one, up to and with the one that crosses p."""
    p = _column([option.typical_p for option in options])
    logs = torch.log_softmax(scores, dim=1)
    # A running sum: its order, unlike that of `sum`, does not depend on the shape of the batch.
    entropy = -(logs * logs.exp()).nan_to_num(0.0).cumsum(dim=1)[:, -1:]
    oddness, order = (-logs - entropy).abs().sort(dim=1, stable=True)
    reached = torch.softmax(scores.gather(1, order), dim=1).cumsum(dim=1)
    last = (reached < p).sum(dim=1, keepdim=True).clamp(max=scores.shape[1] - 1)
    return (-logs - entropy).abs() <= oddness.gather(1, last)


def _column(values: Sequence[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.double)[:, None]
