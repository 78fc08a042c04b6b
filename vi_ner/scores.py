"""Precision, recall and F from counts, with bootstrap intervals over groups of documents."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
CONFIDENCE = 0.95
FEW = 5
# Columns of every array of counts: correct spans, predicted spans, gold spans.
CORRECT, PREDICTED, GOLD = range(3)
Counts = NDArray[np.float64]  # (groups, 3); half a point is possible in partial matching


@dataclass(frozen=True)
class Score:
    """Precision, recall and F (0 to 1), the ends of the 95 % intervals of F and recall, and the counts behind them.

    correct: Spans found; with partial matching half a point for each that merely overlaps.
    support: Gold spans. lost: Those among them that conversion rejected; they count as missed.
    groups: Groups that hold any of this. Of fewer than `FEW` groups an interval says little: it is too narrow.
    """

    precision: float
    recall: float
    f: float
    f_low: float
    f_high: float
    recall_low: float
    recall_high: float
    correct: float
    predicted: float
    support: int
    lost: int
    groups: int


@dataclass(frozen=True)
class Difference:
    """F of one model minus F of another on the same documents, with its 95 % interval (paired bootstrap).

    p: Two-sided bootstrap p-value: twice the smaller share of resamples on either side of no difference.
    """

    f: float
    other: float
    difference: float
    low: float
    high: float
    p: float
    support: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


class Resampling:
    """Groups drawn with replacement, the same draws for whatever is scored (Efron 1979; percentile intervals).

    Groups and not documents are drawn, because documents about one event share their names.
    """

    def __init__(self, groups: Sequence[Hashable], *, resamples: int = RESAMPLES, seed: int = 0) -> None:
        """groups: The group of every document, in order."""
        names = list(dict.fromkeys(groups))
        position = {name: i for i, name in enumerate(names)}
        self.group_of = np.array([position[group] for group in groups], dtype=np.int64)
        self.size = len(names)
        draws = np.random.default_rng(seed).integers(0, max(self.size, 1), (resamples, self.size))
        # How often each group was drawn: a resample is a weighting, and all scores are one matrix product.
        self.weights = np.zeros((resamples, self.size))
        np.add.at(self.weights, (np.arange(resamples)[:, None], draws), 1.0)

    def by_group(self, counts: NDArray[np.generic]) -> Counts:
        """(documents, 3) to (groups, 3)."""
        summed = np.zeros((self.size, 3))
        np.add.at(summed, self.group_of, counts)
        return summed

    def none(self) -> Counts:
        """The counts of nothing."""
        return np.zeros((self.size, 3))

    def score(self, counts: Counts, *, lost: int = 0) -> Score:
        """The score of counts by group."""
        return self._score([counts], counts.sum(axis=0), lost)

    def macro(self, counts: Sequence[Counts], *, lost: int = 0) -> Score:
        """The unweighted mean over labels of precision, recall and F."""
        total = np.sum([part.sum(axis=0) for part in counts], axis=0) if counts else np.zeros(3)
        return self._score(counts, total, lost)

    def difference(self, counts: Sequence[Counts], other: Sequence[Counts]) -> Difference:
        """The paired difference of F, of the mean over several counts (macro) or of a single one."""
        resampled = self._resampled(counts)[2] - self._resampled(other)[2]
        f, other_f = (float(np.mean([f_score(part.sum(axis=0)) for part in side])) for side in (counts, other))
        low, high = _interval(resampled)
        valid = resampled[~np.isnan(resampled)]
        p = min(1.0, 2 * min(float(np.mean(valid <= 0)), float(np.mean(valid >= 0)))) if len(valid) else 1.0
        support = round(sum(part[:, GOLD].sum() for part in counts))
        return Difference(f, other_f, f - other_f, low, high, p, support)

    def _score(self, counts: Sequence[Counts], total: Counts, lost: int) -> Score:
        sums = [part.sum(axis=0) for part in counts]
        resampled = self._resampled(counts)
        f_low, f_high = _interval(resampled[2])
        recall_low, recall_high = _interval(resampled[1])
        return Score(
            precision=_mean([_ratio(part[CORRECT], part[PREDICTED]) for part in sums]),
            recall=_mean([_ratio(part[CORRECT], part[GOLD]) for part in sums]),
            f=_mean([f_score(part) for part in sums]),
            f_low=f_low,
            f_high=f_high,
            recall_low=recall_low,
            recall_high=recall_high,
            correct=float(total[CORRECT]),
            predicted=float(total[PREDICTED]),
            support=round(float(total[GOLD])),
            lost=lost,
            groups=int(np.count_nonzero(np.any([part.any(axis=1) for part in counts], axis=0))) if counts else 0,
        )

    def _resampled(self, counts: Sequence[Counts]) -> NDArray[np.float64]:
        """(3, resamples): precision, recall and F, averaged over the counts; NaN where a resample holds none."""
        if not counts or not self.size:
            return np.zeros((3, 1))
        scores, empty = np.zeros((3, len(self.weights))), np.zeros(len(self.weights))
        for part in counts:
            held = part.any(axis=1)  # most slices lie in few of the groups
            drawn = self.weights[:, held] @ part[held] if held.mean() < 0.2 else self.weights @ part
            ratios = (_ratio(drawn[:, CORRECT], drawn[:, PREDICTED]), _ratio(drawn[:, CORRECT], drawn[:, GOLD]))
            scores += np.array([*ratios, f_score(drawn)])
            empty += ~drawn.any(axis=1)
        filled = len(counts) - empty
        return np.divide(scores, filled, out=np.full(scores.shape, np.nan), where=filled > 0)


def f_score(counts: Counts) -> NDArray[np.float64]:
    """F1 along the last axis; 0 where there is neither gold nor prediction."""
    return _ratio(2 * counts[..., CORRECT], counts[..., PREDICTED] + counts[..., GOLD])


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)


def _mean(values: Sequence[NDArray[np.float64]]) -> float:
    return float(np.mean(values)) if values else 0.0


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    if np.isnan(values).all():
        return 0.0, 0.0
    low, high = np.nanquantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
