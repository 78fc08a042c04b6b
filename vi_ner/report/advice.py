"""What to annotate next: where spans are missed and training has little to learn them from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..scores import FEW, Counts, Resampling
from .slices import Slicing

MOST = 8
LEAST_SUPPORT = 8  # gold spans; fewer say nothing
LITTLE = 0.1  # share of a label's training spans (all spans for a slice of all labels) up to which that is little data
# Dimensions that somebody can look for when choosing texts to annotate.
CHOOSABLE = ("topic", "genre", "source", "form", "spelling", "date form", "span length")


@dataclass(frozen=True)
class Advice:
    """A slice of a label whose recall is below the label's own and that training hardly knows.

    missed: Gold spans not found as they are. trained: Gold spans of the training side. share: Of those of the label.
    sure: The slice's whole interval of recall lies below the recall of its label.
    """

    label: str
    dimension: str
    value: str
    recall: float
    recall_low: float
    recall_high: float
    label_recall: float
    missed: int
    support: int
    trained: int
    share: float
    sure: bool


def advise(
    counts: Mapping[tuple[str, str, str], Counts],
    labels: Mapping[str, Counts],
    slicing: Slicing,
    resampling: Resampling,
) -> tuple[Advice, ...]:
    """The slices worth annotating for, those that cost most recall for their training data first.

    counts: Strict counts by (dimension, value, label). labels: The same by label.
    """
    if not slicing.has_training:
        return ()
    whole = {label: resampling.score(count) for label, count in labels.items()}
    found = []
    for (dimension, value, label), count in counts.items():
        correct, _predicted, support = count.sum(axis=0)
        trained = slicing.trained_spans(dimension, value, label) or 0
        share = trained / max(slicing.labels[label], 1)
        if dimension not in CHOOSABLE or support < LEAST_SUPPORT or share > LITTLE:
            continue
        if correct / support >= whole[label].recall:
            continue
        score = resampling.score(count)
        found.append(
            Advice(
                label=label,
                dimension=dimension,
                value=value,
                recall=score.recall,
                recall_low=score.recall_low,
                recall_high=score.recall_high,
                label_recall=whole[label].recall,
                missed=round(score.support - score.correct),
                support=score.support,
                trained=trained,
                share=share,
                sure=score.groups >= FEW and score.recall_high < whole[label].recall,
            )
        )
    found.sort(key=lambda row: (not row.sure, -_worth(row), row.label, row.dimension, row.value))
    return tuple(found[:MOST])


def _worth(row: Advice) -> float:
    """Spans that the label's own recall would have found, per root of the training data there is already."""
    return float((row.label_recall - row.recall) * row.support / (row.trained + 10) ** 0.5)
