"""Four ways to count a span as found, by nervaluate: strict, partial, borders only, label only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from nervaluate import Evaluator
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from ..evaluate import agree_with_spacy
from ..scores import Counts, Resampling, Score
from .cases import Case, Entity

STRICT, PARTIAL, BORDERS, LABEL = WAYS = ("strict", "partial", "borders", "label")
# nervaluate's names. Partial: half a point for an overlap, whatever the label; ent_type: any overlap with the label.
SCHEMES = {STRICT: "strict", PARTIAL: "partial", BORDERS: "exact", LABEL: "ent_type"}


@dataclass(frozen=True)
class Matching:
    """Scores by one way of matching: over all spans, averaged over labels, and by label."""

    micro: Score
    macro: Score
    labels: dict[str, Score]


def match(
    cases: Sequence[Case], predicted: Sequence[Sequence[Entity]], labels: Sequence[str], resampling: Resampling
) -> dict[str, Matching]:
    """The scores by every way; lost gold counts as missed in all of them.

    RAISES (AssertionError): nervaluate's strict counts are not those of spaCy's Scorer.
    """
    shape = (len(cases), 3)
    counts = {(way, label): np.zeros(shape) for way in WAYS for label in ("", *labels)}
    for row, (case, guesses) in enumerate(zip(cases, predicted, strict=True)):
        for key, value in _counts(case, guesses, labels).items():
            counts[key][row] = value
    grouped = {key: resampling.by_group(value) for key, value in counts.items()}
    agree_with_spacy(_examples(cases, predicted), counts[STRICT, ""].sum(axis=0), lost=sum(len(c.lost) for c in cases))
    return {way: _matching(way, grouped, cases, labels, resampling) for way in WAYS}


def _matching(
    way: str,
    grouped: dict[tuple[str, str], Counts],
    cases: Sequence[Case],
    labels: Sequence[str],
    resampling: Resampling,
) -> Matching:
    lost = {label: sum(entity.label == label for case in cases for entity in case.lost) for label in labels}
    every = sum(lost.values())
    return Matching(
        micro=resampling.score(grouped[way, ""], lost=every),
        macro=resampling.macro([grouped[way, label] for label in labels], lost=every),
        labels={label: resampling.score(grouped[way, label], lost=lost[label]) for label in labels},
    )


def _counts(
    case: Case, predicted: Sequence[Entity], labels: Sequence[str]
) -> dict[tuple[str, str], tuple[float, int, int]]:
    """Correct, predicted and gold spans of a document, by way and label; the label is empty for all of them."""
    spans = [[_span(entity) for entity in side] for side in (case.gold, predicted)]
    found = Evaluator([spans[0]], [spans[1]], tags=list(labels), loader="dict").evaluate()
    counts = {}
    for label in ("", *labels):
        results = found["entities"].get(label) if label else found["overall"]
        lost = sum(entity.label == label or not label for entity in case.lost)
        for way, scheme in SCHEMES.items():
            if results is None:  # neither gold nor predicted here
                counts[way, label] = (0.0, 0, lost)
                continue
            result = results[scheme]
            both = result.correct + result.incorrect + result.partial
            correct = result.correct + 0.5 * result.partial
            counts[way, label] = (correct, both + result.spurious, both + result.missed + lost)
    return counts


def _span(entity: Entity) -> dict[str, str | int]:
    return {"label": entity.label, "start": entity.start, "end": entity.end - 1}  # nervaluate's ends are inclusive


def _examples(cases: Sequence[Case], predicted: Sequence[Sequence[Entity]]) -> Iterator[Example]:
    """The documents as spaCy scores them, over the tokens of the gold; one at a time, because Docs are large."""
    vocab = Vocab()
    for case, guesses in zip(cases, predicted, strict=True):
        yield Example(_doc(vocab, case, guesses), _doc(vocab, case, case.gold))


def _doc(vocab: Vocab, case: Case, entities: Sequence[Entity]) -> Doc:
    """RAISES (AssertionError): An entity does not begin and end with a token."""
    doc = Doc(vocab, words=[case.text[start:end] for start, end in case.tokens])
    starts, ends = (np.searchsorted(case.tokens[:, side], [e.key[side] for e in entities]) for side in (0, 1))
    for entity, first, last in zip(entities, starts, ends, strict=True):
        if last >= len(doc) or tuple(case.tokens[[first, last], [0, 1]]) != (entity.start, entity.end):
            raise AssertionError(f"{case.doc_id}: {case.text[entity.start : entity.end]!r} is not made of whole tokens")
    doc.set_ents([Span(doc, first, last + 1, e.label) for e, first, last in zip(entities, starts, ends, strict=True)])
    return doc
