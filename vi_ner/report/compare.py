"""Two models on the same documents: paired bootstrap, McNemar, and what got better or worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

from ..scores import CORRECT, GOLD, PREDICTED, Counts, Difference, Resampling
from . import kinds
from .cases import Case
from .kinds import Pair


@dataclass(frozen=True)
class McNemar:
    """Gold spans that only one of two models found, and the exact two-sided p-value that chance alone did it."""

    only_here: int
    only_other: int
    p: float


@dataclass(frozen=True)
class Changed:
    """A document with more or fewer errors than with the other model."""

    doc_id: str
    errors: int
    other_errors: int


@dataclass(frozen=True)
class Comparison:
    """This model against another; every difference is this minus the other."""

    other: str
    micro: Difference
    macro: Difference
    labels: dict[str, Difference]
    mcnemar: McNemar
    better: tuple[Changed, ...]
    worse: tuple[Changed, ...]


def label_counts(pairs: Sequence[Sequence[Pair]], labels: Sequence[str], resampling: Resampling) -> dict[str, Counts]:
    """Strict counts by group, for each label."""
    counts = {label: resampling.none() for label in labels}
    for group, document in zip(resampling.group_of, pairs, strict=True):
        for found in document:
            if found.gold:
                counts[found.gold.label][group, GOLD] += 1
                counts[found.gold.label][group, CORRECT] += found.kind == kinds.CORRECT
            if found.predicted:
                counts[found.predicted.label][group, PREDICTED] += 1
    return counts


def compare(
    cases: Sequence[Case],
    pairs: Sequence[Sequence[Pair]],
    other: Sequence[Sequence[Pair]],
    *,
    name: str,
    labels: Sequence[str],
    resampling: Resampling,
) -> Comparison:
    """Compare two models by their pairs on the same cases. name: What to call the other one."""
    here, there = label_counts(pairs, labels, resampling), label_counts(other, labels, resampling)
    changed = [
        Changed(case.doc_id, *(sum(found.kind != kinds.CORRECT for found in side) for side in both))
        for case, *both in zip(cases, pairs, other, strict=True)
    ]
    changed.sort(key=lambda row: (row.errors - row.other_errors, row.doc_id))
    nothing = resampling.none()
    return Comparison(
        other=name,
        micro=resampling.difference([sum(here.values(), start=nothing)], [sum(there.values(), start=nothing)]),
        macro=resampling.difference(list(here.values()), list(there.values())),
        labels={label: resampling.difference([here[label]], [there[label]]) for label in labels},
        mcnemar=mcnemar(pairs, other),
        better=tuple(row for row in changed if row.errors < row.other_errors),
        worse=tuple(row for row in reversed(changed) if row.errors > row.other_errors),
    )


def mcnemar(pairs: Sequence[Sequence[Pair]], other: Sequence[Sequence[Pair]]) -> McNemar:
    """McNemar's exact test on gold spans (McNemar 1947): did as many turn wrong as turned right?"""
    found, found_other = (
        {
            (i, pair.gold.key)
            for i, document in enumerate(side)
            for pair in document
            if pair.gold and pair.kind == kinds.CORRECT
        }
        for side in (pairs, other)
    )
    here, there = len(found - found_other), len(found_other - found)
    p = float(binomtest(here, here + there).pvalue) if here + there else 1.0
    return McNemar(here, there, p)
