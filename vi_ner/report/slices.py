"""Scores by what a span or its document is like. A slice's precision counts the predictions that are like it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..scores import GOLD, Counts, Difference, Resampling, Score
from . import kinds
from .cases import Case, Entity
from .kinds import Pair, surface
from .names import date_form, spelling

# A dimension gives the value of a span, or None where it has none.
Dimension = Callable[[Case, Entity], str | None]
META = ("genre", "topic", "source", "form")
HEADLINE = 200  # characters that the first line of a text has at most if it is a headline
FORM = "made form"
AS_CAME = "as it came"  # among the made forms


@dataclass(frozen=True)
class Slice:
    """The score of the spans with one value in one dimension.

    trained: Gold spans on the training side with this value; None where that makes no sense or is not known.
    difference: Against another model on the same slice, or of a made form, if there is none, against the text as it
        came.
    """

    dimension: str
    value: str
    score: Score
    trained: int | None = None
    difference: Difference | None = None


class Slicing:
    """All dimensions, with what was seen in training."""

    def __init__(self, train: Sequence[Case] | None) -> None:
        """train: The training side, or None where it is not known."""
        self.dimensions: dict[str, Dimension] = {
            "span length": _span_length,
            "sentence length": _sentence_length,
            "position": _position,
            "spelling": _spelling,
            "date form": _date_form,
            **{key: _meta(key) for key in META},
        }
        self.trained: Counter[tuple[str, str, str]] = Counter()
        self.labels: Counter[str] = Counter(entity.label for case in train or () for entity in case.gold)
        self.has_training = train is not None
        if train is None:
            return
        for case in train:
            for entity in case.gold:
                self.trained.update((name, value, entity.label) for name, value in self.values(case, entity))
        self._known: dict[str, set[str]] = defaultdict(set)
        for case in train:
            for entity in case.gold:
                self._known[surface(case, entity).casefold()].add(entity.label)
        self.dimensions = {"seen in training": self._seen, **self.dimensions}

    def values(self, case: Case, entity: Entity) -> Iterator[tuple[str, str]]:
        """The dimensions a span has a value in, and the values."""
        for name, dimension in self.dimensions.items():
            value = dimension(case, entity)
            if value is not None:
                yield name, value

    def trained_spans(self, dimension: str, value: str, label: str | None = None) -> int | None:
        """Gold spans of the training side with a value, of one label or of all; None for `seen in training`."""
        if not self.has_training or dimension == "seen in training":
            return None
        if label is not None:
            return self.trained[dimension, value, label]
        return sum(count for key, count in self.trained.items() if key[:2] == (dimension, value))

    def _seen(self, case: Case, entity: Entity) -> str:
        labels = self._known.get(surface(case, entity).casefold(), set())
        if entity.label in labels:
            return "seen"
        return "seen with another label" if labels else "new"


def slice_counts(
    cases: Sequence[Case], pairs: Sequence[Sequence[Pair]], slicing: Slicing, resampling: Resampling
) -> dict[tuple[str, str, str], Counts]:
    """Counts by group of every (dimension, value, label); a wrong prediction counts by its own text."""
    counts: dict[tuple[str, str, str], Counts] = defaultdict(resampling.none)
    for group, case, document in zip(resampling.group_of, cases, pairs, strict=True):
        for found in document:
            if found.kind == kinds.CORRECT:
                points = [(found.gold, (1, 1, 1))]  # correct, predicted, gold
            else:
                points = [(found.gold, (0, 0, 1)), (found.predicted, (0, 1, 0))]
            for entity, point in points:
                if entity is not None:
                    for name, value in slicing.values(case, entity):
                        counts[name, value, entity.label][group] += point
    return dict(counts)


def all_labels(counts: dict[tuple[str, str, str], Counts]) -> dict[tuple[str, str], Counts]:
    """The counts of every (dimension, value), labels put together."""
    total: dict[tuple[str, str], Counts] = {}
    for (name, value, _label), count in counts.items():
        total[name, value] = total.get((name, value), 0) + count
    return total


def slices(
    counts: dict[tuple[str, str], Counts],
    slicing: Slicing,
    resampling: Resampling,
    *,
    other: dict[tuple[str, str], Counts] | None = None,
) -> list[Slice]:
    """The score of every slice with gold spans, dimensions in their order, values by support.

    other: The same counts of another model.
    """
    order = list(slicing.dimensions)
    nothing = resampling.none()
    found = [
        Slice(
            name,
            value,
            resampling.score(count),
            slicing.trained_spans(name, value),
            None if other is None else resampling.difference([count], [other.get((name, value), nothing)]),
        )
        for (name, value), count in counts.items()
        if count[:, GOLD].sum()
    ]
    return sorted(found, key=lambda row: (order.index(row.dimension), _rank(row.value), -row.score.support, row.value))


def _rank(value: str) -> int:
    """Lengths and positions stand in their natural order, everything else by support."""
    natural = ["headline", "first third", "second third", "last third"]
    if value in natural:
        return natural.index(value)
    return int(value.rstrip("+").partition("–")[0]) if value[:1].isdigit() else 0


def _span_length(case: Case, entity: Entity) -> str:
    length = len(surface(case, entity).split())
    return "5+" if length > 4 else str(max(length, 1))


def _sentence_length(case: Case, entity: Entity) -> str | None:
    if not len(case.sentences):
        return None
    place = int(np.searchsorted(case.sentences[:, 0], entity.start, side="right"))
    start, end = case.sentences[max(place - 1, 0)]
    length = int(np.count_nonzero((case.tokens[:, 0] >= start) & (case.tokens[:, 1] <= end)))
    return next((name for limit, name in ((10, "1–10"), (20, "11–20"), (40, "21–40")) if length <= limit), "41+")


def _position(case: Case, entity: Entity) -> str:
    first_line = case.text.find("\n")
    if 0 < first_line < HEADLINE and entity.end <= first_line:
        return "headline"
    return ("first third", "second third", "last third")[min(3 * entity.start // max(len(case.text), 1), 2)]


def _spelling(case: Case, entity: Entity) -> str | None:
    return None if entity.label == "DATE" else spelling(surface(case, entity))


def _date_form(case: Case, entity: Entity) -> str | None:
    return date_form(surface(case, entity)) if entity.label == "DATE" else None


def _meta(key: str) -> Dimension:
    return lambda case, _entity: None if case.meta.get(key) in (None, "") else str(case.meta[key])
