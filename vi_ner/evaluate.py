"""Strict scores of predictions against gold, with intervals over documents; pure: documents in, a dataclass out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import PRFScore, Scorer
from spacy.tokens import Doc
from spacy.training import Example

from .convert import USER_DATA

RESAMPLES = 1000
CONFIDENCE = 0.95
# Columns of the count arrays: true positives, false positives, false negatives.
TP, FP, FN = range(3)
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """Strict precision, recall and F (0 to 1), the ends of the 95 % interval of F, and the number of gold spans.

    lost: Gold spans that conversion rejected; they are part of `support` and count as missed.
    """

    precision: float
    recall: float
    f: float
    f_low: float
    f_high: float
    support: int
    lost: int


@dataclass(frozen=True)
class Evaluation:
    """The scores of one pipeline on one set of documents."""

    documents: int
    overall: Score
    labels: dict[str, Score]
    resamples: int
    seed: int


def evaluate(examples: Sequence[Example], *, resamples: int = RESAMPLES, seed: int = 0) -> Evaluation:
    """Score predictions: a span counts as found when both borders and the label are right.

    Intervals are percentile bootstrap intervals over documents (Efron 1979): documents are drawn with replacement,
    because the spans of one article are not independent of each other.

    examples: Pairs of prediction and gold; a gold Doc's `user_data` may hold the spans lost in conversion.
    """
    lost = [_lost(example.reference) for example in examples]
    labels = sorted(
        {ent.label_ for example in examples for doc in (example.x, example.y) for ent in doc.ents}
        | {label for document in lost for label in document}
    )
    counts = {label: _counts(examples, lost, label) for label in labels}
    _agree_with_spacy(examples, counts, lost)
    total = np.sum(list(counts.values()), axis=0) if labels else np.zeros((len(examples), 3), dtype=np.int64)
    draws = np.random.default_rng(seed).integers(0, max(len(examples), 1), (resamples, len(examples)))
    return Evaluation(
        documents=len(examples),
        overall=_score(total, draws, sum(map(len, lost))),
        labels={label: _score(counts[label], draws, sum(d.count(label) for d in lost)) for label in labels},
        resamples=resamples,
        seed=seed,
    )


def _lost(gold: Doc) -> list[str]:
    """Labels of the gold spans that conversion could not express."""
    return [label for _start, _end, label in gold.user_data.get(USER_DATA, {}).get("lost", [])]


def _counts(examples: Sequence[Example], lost: Sequence[Sequence[str]], label: str) -> IntArray:
    """(documents, 3): true positives, false positives and false negatives of a label."""
    rows = []
    for example, rejected in zip(examples, lost, strict=True):
        predicted, gold = (
            {(ent.start_char, ent.end_char) for ent in doc.ents if ent.label_ == label}
            for doc in (example.x, example.y)
        )
        rows.append((len(predicted & gold), len(predicted - gold), len(gold - predicted) + rejected.count(label)))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def _agree_with_spacy(examples: Sequence[Example], counts: dict[str, IntArray], lost: Sequence[Sequence[str]]) -> None:
    """spaCy's own Scorer must count the same, apart from the lost spans, which it cannot know.

    It compares by tokens, so this holds only where prediction and gold are tokenized alike, as they are here.
    """
    if any([token.text for token in example.x] != [token.text for token in example.y] for example in examples):
        return
    scored = Scorer().score_spans(examples, "ents") if examples else {}
    total = np.sum([count.sum(axis=0) for count in counts.values()], axis=0) if counts else np.zeros(3)
    counted = PRFScore(tp=int(total[TP]), fp=int(total[FP]), fn=int(total[FN]) - sum(map(len, lost)))
    if scored.get("ents_f") is not None and not np.isclose(scored["ents_f"], counted.fscore, atol=1e-9):
        raise AssertionError(f"spaCy's Scorer gives F {scored['ents_f']}, this count {counted.fscore}")


def _score(counts: IntArray, draws: IntArray, lost: int) -> Score:
    total = counts.sum(axis=0)
    resampled = _f(counts[draws].sum(axis=1)) if len(counts) else np.zeros(1)
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Score(
        precision=_ratio(total[TP], total[TP] + total[FP]),
        recall=_ratio(total[TP], total[TP] + total[FN]),
        f=float(_f(total)),
        f_low=float(low),
        f_high=float(high),
        support=int(total[TP] + total[FN]),
        lost=lost,
    )


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else 0.0


def _f(counts: IntArray) -> NDArray[np.float64]:
    """F1 along the last axis; 0 where there is neither gold nor prediction."""
    denominator = 2 * counts[..., TP] + counts[..., FP] + counts[..., FN]
    return np.divide(2 * counts[..., TP], denominator, out=np.zeros(denominator.shape), where=denominator > 0)
