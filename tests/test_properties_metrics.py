"""Scores agree with their definitions, written out here by brute force over all pairs of spans."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.tokens import Span as Marked
from spacy.training import Example
from spacy.vocab import Vocab
from strategies import LABELS, spans_of

from vi_ner.convert import USER_DATA
from vi_ner.evaluate import evaluate
from vi_ner.records import Span
from vi_ner.report.cases import Case, Entity
from vi_ner.report.kinds import CORRECT, KINDS, MISSED, SPURIOUS, Pair, confusion, pair
from vi_ner.report.matching import BORDERS, LABEL, PARTIAL, STRICT, match
from vi_ner.scores import Resampling, Score

WORDS = [f"từ{i}" for i in range(8)]
TEXT = " ".join(WORDS)
BORDERS_OF = [(4 * i, 4 * i + 3) for i in range(8)]
TOKENS = np.array(BORDERS_OF, dtype=np.int32)

sides = st.tuples(spans_of(BORDERS_OF, most=4), spans_of(BORDERS_OF, most=4), spans_of(BORDERS_OF, most=2))
corpora = st.lists(st.tuples(sides, st.sampled_from(["g0", "g1", "g2"])), min_size=1, max_size=4)
Corpus = list[tuple[tuple[list[Span], list[Span], list[Span]], str]]


def case(number: int, gold: list[Span], lost: list[Span], group: str = "g") -> Case:
    return Case(f"d{number}", group, TEXT, entities(gold), entities(lost), {}, TOKENS, TOKENS)


def entities(spans: list[Span]) -> tuple[Entity, ...]:
    return tuple(Entity(span.start, span.end, span.label) for span in spans)


def overlap(one: Any, other: Any) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def ratio(part: float, whole: float) -> float:
    return float(Fraction(part) / Fraction(whole)) if whole else 0.0


def check(score: Score, correct: float, predicted: int, gold: int) -> None:
    assert (score.correct, score.predicted, score.support) == (correct, predicted, gold)
    assert score.precision == pytest.approx(ratio(correct, predicted))
    assert score.recall == pytest.approx(ratio(correct, gold))
    assert score.f == pytest.approx(ratio(2 * correct, predicted + gold))
    assert 0 <= score.f_low <= score.f_high <= 1 and 0 <= score.recall_low <= score.recall_high <= 1


def strict(corpus: Corpus, label: str | None) -> tuple[int, int, int]:
    """Correct, predicted and gold, lost ones among the gold."""
    kept = [[[s for s in side if label in (None, s.label)] for side in sides] for sides, _ in corpus]
    correct = sum(one == other for gold, found, _ in kept for one in gold for other in found)
    return correct, sum(len(found) for _, found, _ in kept), sum(len(gold) + len(lost) for gold, _, lost in kept)


def as_doc(vocab: Vocab, spans: list[Span]) -> Doc:
    doc = Doc(vocab, words=WORDS)
    doc.set_ents([Marked(doc, span.start // 4, span.end // 4 + 1, span.label) for span in spans])
    return doc


@settings(max_examples=settings().max_examples // 3)
@given(corpus=corpora)
def test_strict_scores_by_definition(corpus: Corpus) -> None:
    vocab = Vocab()
    examples = []
    for (gold, found, lost), group in corpus:
        reference = as_doc(vocab, gold)
        reference.user_data[USER_DATA] = {"group": group, "lost": [[s.start, s.end, s.label] for s in lost]}
        examples.append(Example(as_doc(vocab, found), reference))
    result = evaluate(examples, resamples=20)
    check(result.overall, *strict(corpus, None))
    assert set(result.labels) == {span.label for sides, _ in corpus for side in sides for span in side}
    for label, score in result.labels.items():
        check(score, *strict(corpus, label))
    assert (result.documents, result.groups) == (len(corpus), len({group for _, group in corpus}))


def best(gold: list[Span], found: list[Span], points: Any) -> float:
    """The most points that any one-to-one matching of overlapping spans earns: an upper bound of every way."""
    if not gold or not found:
        return 0.0
    few, many = (gold, found) if len(gold) <= len(found) else (found, gold)
    return max(
        sum(points(a, b) for a, b in zip(few, chosen, strict=True) if overlap(a, b) > 0)
        for chosen in itertools.permutations(many, len(few))
    )


POINTS: dict[str, Any] = {
    STRICT: lambda a, b: float(a == b),
    BORDERS: lambda a, b: float((a.start, a.end) == (b.start, b.end)),
    PARTIAL: lambda a, b: 1.0 if (a.start, a.end) == (b.start, b.end) else 0.5,
    LABEL: lambda a, b: float(a.label == b.label),
}


@settings(max_examples=settings().max_examples // 3)
@given(corpus=corpora)
def test_every_way_of_matching_by_definition(corpus: Corpus) -> None:
    cases = [case(i, gold, lost, group) for i, ((gold, _, lost), group) in enumerate(corpus)]
    predicted = [entities(found) for (_, found, _), _ in corpus]
    scores = match(cases, predicted, LABELS, Resampling([case.group for case in cases], resamples=20))
    for way, label in itertools.product(POINTS, [None, *LABELS]):
        kept = [[[s for s in side if label in (None, s.label)] for side in sides] for sides, _ in corpus]
        score = scores[way].labels[label] if label else scores[way].micro
        _, guesses, wanted = strict(corpus, label)
        most = sum(best(gold, found, POINTS[way]) for gold, found, _ in kept)
        if way in (STRICT, BORDERS):
            check(score, most, guesses, wanted)  # at most one span of a side has these borders: no choice to be made
        else:
            # Spans of a side do not overlap each other. nervaluate goes from left to right and does not look ahead.
            check(score, score.correct, guesses, wanted)
            least = sum(best(gold, found, POINTS[STRICT]) for gold, found, _ in kept)
            assert least <= score.correct <= most
            if all(
                sum(overlap(a, b) > 0 for b in found) <= 1 and sum(overlap(c, b) > 0 for c in gold) <= 1
                for gold, found, _ in kept
                for a in gold
                for b in found
            ):
                assert score.correct == most


@given(sides=sides)
def test_every_span_stands_in_one_pair(sides: tuple[list[Span], list[Span], list[Span]]) -> None:
    gold, found, lost = sides
    pairs = pair(case(0, gold, lost), entities(found))
    assert sorted(p.gold.key for p in pairs if p.gold) == sorted((s.start, s.end, s.label) for s in [*gold, *lost])
    assert sorted(p.predicted.key for p in pairs if p.predicted) == sorted((s.start, s.end, s.label) for s in found)
    for one in pairs:
        assert one.kind == kind_of(one)
    missed = [
        p.gold for p in pairs if p.kind == MISSED and p.gold and p.gold.key not in {e.key for e in entities(lost)}
    ]
    spurious = [p.predicted for p in pairs if p.kind == SPURIOUS and p.predicted]
    assert not any(overlap(a, b) > 0 for a in missed for b in spurious)  # what overlaps and is free is paired
    assert sum(p.kind == CORRECT for p in pairs) == len(set(gold) & set(found))
    matrix = confusion([pairs], LABELS).matrix
    assert sum(map(sum, matrix)) == len(pairs)
    assert [sum(row) for row in matrix[:-1]] == [sum(s.label == x for s in [*gold, *lost]) for x in LABELS]
    assert [sum(column) for column in list(zip(*matrix, strict=True))[:-1]] == [
        sum(s.label == x for s in found) for x in LABELS
    ]


def kind_of(one: Pair) -> str:
    """The kind by its definition, in the order of KINDS."""
    gold, guess = one.gold, one.predicted
    if gold is None or guess is None:
        return MISSED if guess is None else SPURIOUS
    assert overlap(gold, guess) > 0
    same, label = (gold.start, gold.end) == (guess.start, guess.end), gold.label == guess.label
    if same or not label:
        return KINDS[{(True, True): 0, (True, False): 6, (False, False): 7}[same, label]]
    if guess.start <= gold.start and guess.end >= gold.end:
        return KINDS[3]
    return KINDS[4] if guess.start >= gold.start and guess.end <= gold.end else KINDS[5]


@settings(max_examples=settings().max_examples // 2)
@given(
    counts=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=5),
    seed=st.integers(0, 9),
)
def test_intervals_are_quantiles_over_drawn_groups(counts: list[tuple[int, int, int]], seed: int) -> None:
    rows = np.array([(min(c, p, g), p, g) for c, p, g in counts], dtype=float)
    resampling = Resampling(range(len(rows)), resamples=50, seed=seed)
    score = resampling.score(resampling.by_group(rows))
    values = []
    for drawn in np.random.default_rng(seed).integers(0, len(rows), (50, len(rows))):
        correct, predicted, gold = rows[drawn].sum(axis=0)
        if predicted or gold:
            values.append(2 * correct / (predicted + gold))
    expected = np.quantile(values, [0.025, 0.975]) if values else (0.0, 0.0)
    assert (score.f_low, score.f_high) == pytest.approx(tuple(expected))
