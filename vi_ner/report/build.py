"""The report as data: `report.json` is this dataclass, field by field, and the page shows nothing else."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ..errors import ViNerError
from ..scores import Resampling, Score
from . import kinds
from .advice import Advice, advise
from .cases import Case, Entity
from .compare import Comparison, compare, label_counts
from .curves import Calibration, CurvePoint, Step, calibrate
from .kinds import Border, Confusion, Pair, Surface, Syllable, TokenScore
from .matching import Matching, match
from .provenance import Provenance
from .sides import Leakage, Loss, Side, describe_side, find_leakage
from .slices import AS_CAME, FORM, Slice, Slicing, all_labels, slice_counts, slices

VERSION = 1


@dataclass(frozen=True)
class Result:
    """A document with gold spans, predictions and how they pair; `lost` gold stands in no place of `gold`."""

    doc_id: str
    group: str
    meta: dict[str, Any]
    text: str
    gold: tuple[Entity, ...]
    lost: tuple[Entity, ...]
    predicted: tuple[Entity, ...]
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class Runs:
    """Several runs on the same documents, this one first: mean and standard deviation (n - 1) of strict F."""

    names: tuple[str, ...]
    f: tuple[float, ...]
    mean: float
    deviation: float
    labels: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Report:
    """Everything the report says. Shares and scores are 0 to 1; offsets are code points; None is: not known."""

    version: int
    documents: int
    groups: int
    resamples: int
    labels: tuple[str, ...]
    scores: dict[str, Matching]
    kinds: dict[str, int]
    confusion: Confusion
    tokens: dict[str, TokenScore]
    surfaces: list[Surface]
    syllables: list[Syllable]
    borders: list[Border]
    slices: list[Slice]
    advice: tuple[Advice, ...]
    comparison: Comparison | None
    runs: Runs | None
    calibration: Calibration | None
    training: tuple[Step, ...]
    learning: tuple[CurvePoint, ...]
    sides: dict[str, Side]
    leakage: Leakage | None
    conversion: Loss | None
    provenance: Provenance
    results: list[Result]


@dataclass(frozen=True)
class Inputs:
    """What a report is built from. Predictions stand in the order of the cases.

    forms: Cases and predictions in the forms of `augment`, by name. other: Predictions to compare with, and their name.
    other_forms: Predictions to compare with in these forms, where there are any.
    runs: Predictions of further runs, by name.
    """

    cases: Sequence[Case]
    predicted: Sequence[Sequence[Entity]]
    provenance: Provenance
    train: Sequence[Case] | None = None
    forms: Mapping[str, tuple[Sequence[Case], Sequence[Sequence[Entity]]]] | None = None
    other: tuple[str, Sequence[Sequence[Entity]]] | None = None
    other_forms: Mapping[str, Sequence[Sequence[Entity]]] | None = None
    runs: Mapping[str, Sequence[Sequence[Entity]]] | None = None
    training: tuple[Step, ...] = ()
    learning: tuple[CurvePoint, ...] = ()
    conversion: Loss | None = None


def build_report(inputs: Inputs) -> Report:
    """Compute everything; nothing is read, written or predicted here."""
    cases, predicted = inputs.cases, inputs.predicted
    labels = _labels(inputs)
    resampling = Resampling([case.group for case in cases])
    pairs = _pairs(cases, predicted)
    slicing = Slicing(inputs.train)
    counts = slice_counts(cases, pairs, slicing, resampling)
    other = _pairs(cases, inputs.other[1]) if inputs.other else None
    other_counts = all_labels(slice_counts(cases, other, slicing, resampling)) if other else None
    scores = match(cases, predicted, labels, resampling)
    return Report(
        version=VERSION,
        documents=len(cases),
        groups=resampling.size,
        resamples=len(resampling.weights),
        labels=labels,
        scores=scores,
        kinds=kinds.count_kinds(pairs),
        confusion=kinds.confusion(pairs, labels),
        tokens=kinds.token_report(cases, predicted, labels),
        surfaces=kinds.wrong_surfaces(cases, pairs),
        syllables=kinds.edge_syllables(cases, pairs),
        borders=kinds.border_changes(cases, pairs),
        slices=slices(all_labels(counts), slicing, resampling, other=other_counts) + _forms(inputs, resampling),
        advice=advise(counts, label_counts(pairs, labels, resampling), slicing, resampling),
        comparison=None
        if inputs.other is None or other is None
        else compare(cases, pairs, other, name=inputs.other[0], labels=labels, resampling=resampling),
        runs=_runs(inputs, labels, resampling),
        calibration=calibrate(pairs),
        training=inputs.training,
        learning=inputs.learning,
        sides={"test": describe_side(cases)}
        | ({"train": describe_side(inputs.train)} if inputs.train is not None else {}),
        leakage=find_leakage(cases, inputs.train) if inputs.train is not None else None,
        conversion=inputs.conversion,
        provenance=inputs.provenance,
        results=[
            Result(case.doc_id, case.group, case.meta, case.text, case.gold, case.lost, tuple(guesses), tuple(found))
            for case, guesses, found in zip(cases, predicted, pairs, strict=True)
        ],
    )


def _labels(inputs: Inputs) -> tuple[str, ...]:
    gold = {entity.label for case in inputs.cases for entity in (*case.gold, *case.lost)}
    sides = [inputs.predicted, *(inputs.runs or {}).values(), *([inputs.other[1]] if inputs.other else [])]
    return tuple(sorted(gold | {entity.label for side in sides for document in side for entity in document}))


def _pairs(cases: Sequence[Case], predicted: Sequence[Sequence[Entity]]) -> list[list[Pair]]:
    return [kinds.pair(case, guesses) for case, guesses in zip(cases, predicted, strict=True)]


def _forms(inputs: Inputs, resampling: Resampling) -> list[Slice]:
    """The test side in every form; the text as it came stands first.

    Each against the other model on the same form where there is one, else against the texts as they came.
    """
    if not inputs.forms:
        return []
    forms = {AS_CAME: (inputs.cases, inputs.predicted), **inputs.forms}
    counts = {name: _all_counts(cases, predicted, resampling) for name, (cases, predicted) in forms.items()}
    if inputs.other:
        others = {AS_CAME: inputs.other[1], **(inputs.other_forms or {})}
        base = {name: _all_counts(forms[name][0], predicted, resampling) for name, predicted in others.items()}
    else:
        base = dict.fromkeys(inputs.forms, counts[AS_CAME])
    return [
        Slice(
            FORM,
            name,
            resampling.score(count, lost=_lost(inputs)),
            difference=resampling.difference([count], [base[name]]) if name in base else None,
        )
        for name, count in counts.items()
    ]


def _all_counts(cases: Sequence[Case], predicted: Sequence[Sequence[Entity]], resampling: Resampling) -> Any:
    pairs = _pairs(cases, predicted)
    labels = sorted({e.label for document in pairs for found in document for e in (found.gold, found.predicted) if e})
    return sum(label_counts(pairs, labels, resampling).values(), start=resampling.none())


def _lost(inputs: Inputs) -> int:
    return sum(len(case.lost) for case in inputs.cases)


def _runs(inputs: Inputs, labels: Sequence[str], resampling: Resampling) -> Runs | None:
    if not inputs.runs:
        return None
    every = {inputs.provenance.model or "this": inputs.predicted, **inputs.runs}
    scored: list[tuple[Score, dict[str, Score]]] = []
    for predicted in every.values():
        counts = label_counts(_pairs(inputs.cases, predicted), labels, resampling)
        total = sum(counts.values(), start=resampling.none())
        scored.append((resampling.score(total), {label: resampling.score(count) for label, count in counts.items()}))
    f = tuple(score.f for score, _labels in scored)
    by_label = {label: [scores[label].f for _score, scores in scored] for label in labels}
    return Runs(
        names=tuple(every),
        f=f,
        mean=statistics.mean(f),
        deviation=statistics.stdev(f),
        labels={label: (statistics.mean(values), statistics.stdev(values)) for label, values in by_label.items()},
    )


@cache
def schema() -> TypeAdapter[Report]:
    """Reads, writes and describes (`json_schema`) the JSON of a report."""
    return TypeAdapter(Report)


def read_report(path: Path) -> Report:
    """A report.json of this version.

    RAISES (ViNerError): It is something else.
    """
    try:
        report = schema().validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ViNerError(
            f"Not a report.json of version {VERSION} ({str(error).splitlines()[0]}).",
            where=str(path),
            fix="Make it again with `python -m vi_ner report`, or give the pipeline itself.",
        ) from error
    if report.version != VERSION:
        raise ViNerError(f"A report of version {report.version}, expected {VERSION}.", where=str(path))
    return report
