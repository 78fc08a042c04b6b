"""Strict scores of predictions against gold, with intervals over groups; pure: documents in, a dataclass out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.scorer import PRFScore, get_ner_prf
from spacy.tokens import Doc
from spacy.training import Example

from .convert import USER_DATA
from .furniture import touches, unread_stretches
from .scores import CORRECT, GOLD, PREDICTED, RESAMPLES, Resampling, Score

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluation:
    """The scores of one pipeline on one set of documents."""

    documents: int
    groups: int
    overall: Score
    labels: dict[str, Score]
    resamples: int
    seed: int


def evaluate(examples: Sequence[Example], *, resamples: int = RESAMPLES, seed: int = 0) -> Evaluation:
    """Score predictions: a span counts as found when both borders and the label are right.

    Intervals are percentile bootstrap intervals over groups of documents, see `scores.Resampling`.

    examples: Pairs of prediction and gold; a gold Doc's `user_data` may hold its group and the spans lost in
        conversion. A document without a group is one of its own. Where annotation is missing, predictions are
        neither right nor wrong.
    """
    lost = [_lost(example.reference) for example in examples]
    labels = sorted(
        {ent.label_ for example in examples for doc in (example.x, example.y) for ent in doc.ents}
        | {label for document in lost for label in document}
    )
    counts = {label: _counts(examples, lost, label) for label in labels}
    if all([token.text for token in example.x] == [token.text for token in example.y] for example in examples):
        total_counts = sum(counts.values(), start=np.zeros((len(examples), 3))).sum(axis=0)
        agree_with_spacy(examples, total_counts, lost=sum(map(len, lost)))
    resampling = Resampling(_groups(examples), resamples=resamples, seed=seed)
    grouped = {label: resampling.by_group(counts[label]) for label in labels}
    total = sum(grouped.values(), start=np.zeros((resampling.size, 3)))
    return Evaluation(
        documents=len(examples),
        groups=resampling.size,
        overall=resampling.score(total, lost=sum(map(len, lost))),
        labels={label: resampling.score(grouped[label], lost=sum(d.count(label) for d in lost)) for label in labels},
        resamples=resamples,
        seed=seed,
    )


def _groups(examples: Sequence[Example]) -> list[str | int]:
    known = [example.reference.user_data.get(USER_DATA, {}).get("group") for example in examples]
    return [i if group is None else str(group) for i, group in enumerate(known)]


def _lost(gold: Doc) -> list[str]:
    """Labels of the gold spans that conversion could not express."""
    return [label for _start, _end, label in gold.user_data.get(USER_DATA, {}).get("lost", [])]


def _counts(examples: Sequence[Example], lost: Sequence[Sequence[str]], label: str) -> IntArray:
    """(documents, 3): correct, predicted and gold spans of a label."""
    rows = []
    for example, rejected in zip(examples, lost, strict=True):
        unread = unread_stretches(example.y)
        predicted, gold = (
            {(ent.start_char, ent.end_char) for ent in doc.ents if ent.label_ == label}
            for doc in (example.x, example.y)
        )
        predicted = {key for key in predicted if not touches(*key, unread)}
        rows.append((len(predicted & gold), len(predicted), len(gold) + rejected.count(label)))
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def agree_with_spacy(examples: Iterable[Example], total: NDArray[np.float64], *, lost: int) -> None:
    """spaCy's own scorer of entities must count the same, apart from the lost spans, which it cannot know.

    examples: With prediction and gold tokenized alike; it compares by tokens.
    total: (3,) correct, predicted and gold spans, the lost ones among them.
    RAISES (AssertionError): It counts something else.
    """
    scored = get_ner_prf(examples)
    correct = int(total[CORRECT])
    counted = PRFScore(tp=correct, fp=int(total[PREDICTED]) - correct, fn=int(total[GOLD]) - lost - correct)
    if scored.get("ents_f") is not None and not np.isclose(scored["ents_f"], counted.fscore, atol=1e-9):
        raise AssertionError(f"spaCy's Scorer gives F {scored['ents_f']}, this count {counted.fscore}")
