"""Errors by kind: every gold and every predicted span in exactly one pair, so that all tables add up."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex
from sklearn.metrics import classification_report, confusion_matrix

from .cases import Case, Entity

CORRECT, MISSED, SPURIOUS, LONG, SHORT, SHIFTED, LABEL, BORDER_LABEL = KINDS = (
    "correct",
    "missed",
    "spurious",
    "too long",
    "too short",
    "shifted",
    "wrong label",
    "border and label",
)
NOTHING = "∅"  # the column and row of the confusion matrix for spans without a counterpart
MOST = 30  # rows of a table of surfaces or syllables
BLANKS = regex.compile(r"[\s_]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """A gold span and the predicted span that stands for it; None where there is no counterpart."""

    kind: str
    gold: Entity | None
    predicted: Entity | None


@dataclass(frozen=True)
class Confusion:
    """Gold labels (rows) against predicted labels (columns), over pairs; the last label is `∅`, nothing."""

    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TokenScore:
    """Precision, recall and F of the tokens of a label, borders left out of account."""

    precision: float
    recall: float
    f: float
    support: int


@dataclass(frozen=True)
class Surface:
    """A text that was got wrong in one way, and how often. `gold` or `predicted` is empty where there is none."""

    text: str
    kind: str
    gold: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Syllable:
    """Gold spans that begin or end with a syllable, and how many of them were not found as they are."""

    edge: str
    syllable: str
    label: str
    gold: int
    wrong: int


@dataclass(frozen=True)
class Border:
    """What a prediction has too many (`added`) or lacks (`dropped`) at an edge of a gold span with its label."""

    edge: str
    change: str
    text: str
    label: str
    count: int


def pair(case: Case, predicted: Sequence[Entity]) -> list[Pair]:
    """Pair the spans of a document, in text order.

    Equal spans first, then equal borders, then whatever overlaps most, the same label before another; what is left is
    missed or spurious. Lost gold is always missed.
    """
    guessed, wanted = {guess.key: guess for guess in predicted}, {gold.key for gold in case.gold}
    found = [Pair(CORRECT, gold, guessed[gold.key]) for gold in case.gold if gold.key in guessed]
    missing = [gold for gold in case.gold if gold.key not in guessed]
    wrong = [guess for guess in predicted if guess.key not in wanted]
    return sorted([*found, *_pair_wrong(case, missing, wrong)], key=lambda one: either(one).start)


def _pair_wrong(case: Case, missing: Sequence[Entity], wrong: Sequence[Entity]) -> list[Pair]:
    candidates = sorted(
        (not same(gold, guess), -_overlap(gold, guess), gold.label != guess.label, i, j)
        for i, gold in enumerate(missing)
        for j, guess in enumerate(wrong)
        if _overlap(gold, guess) > 0
    )
    taken_gold, taken, pairs = set(), set(), []
    for *_rank, i, j in candidates:
        if i in taken_gold or j in taken:
            continue
        taken_gold.add(i)
        taken.add(j)
        pairs.append(Pair(_kind(missing[i], wrong[j]), missing[i], wrong[j]))
    pairs += [Pair(MISSED, gold, None) for i, gold in enumerate(missing) if i not in taken_gold]
    pairs += [Pair(MISSED, gold, None) for gold in case.lost]
    pairs += [Pair(SPURIOUS, None, guess) for j, guess in enumerate(wrong) if j not in taken]
    return pairs


def either(found: Pair) -> Entity:
    """The gold span of a pair, or else the predicted one."""
    entity = found.gold or found.predicted
    assert entity is not None
    return entity


def same(gold: Entity, guess: Entity) -> bool:
    """Whether two spans have the same borders."""
    return (gold.start, gold.end) == (guess.start, guess.end)


def _overlap(gold: Entity, guess: Entity) -> int:
    return min(gold.end, guess.end) - max(gold.start, guess.start)


def _kind(gold: Entity, guess: Entity) -> str:
    if gold.label != guess.label:
        return LABEL if same(gold, guess) else BORDER_LABEL
    if guess.start <= gold.start and guess.end >= gold.end:
        return LONG
    return SHORT if guess.start >= gold.start and guess.end <= gold.end else SHIFTED


def count_kinds(pairs: Sequence[Sequence[Pair]]) -> dict[str, int]:
    """How many pairs there are of every kind."""
    counts = Counter(found.kind for document in pairs for found in document)
    return {kind: counts[kind] for kind in KINDS}


def confusion(pairs: Sequence[Sequence[Pair]], labels: Sequence[str]) -> Confusion:
    """Which label was taken for which, missed and spurious spans against nothing."""
    everything = [found for document in pairs for found in document]
    gold = [found.gold.label if found.gold else NOTHING for found in everything]
    predicted = [found.predicted.label if found.predicted else NOTHING for found in everything]
    names = (*labels, NOTHING)
    matrix = confusion_matrix(gold, predicted, labels=names) if everything else np.zeros((len(names),) * 2, dtype=int)
    return Confusion(names, tuple(tuple(int(cell) for cell in row) for row in matrix))


def token_report(
    cases: Sequence[Case], predicted: Sequence[Sequence[Entity]], labels: Sequence[str]
) -> dict[str, TokenScore]:
    """scikit-learn's classification report over tokens that are no blanks, `micro avg` and `macro avg` included."""
    gold_tags, tags = [], []
    for case, guesses in zip(cases, predicted, strict=True):
        gold_tags.append(_token_labels(case, case.gold))
        tags.append(_token_labels(case, guesses))
    if not labels or not sum(map(len, tags)):
        return {}
    report = classification_report(
        np.concatenate(gold_tags), np.concatenate(tags), labels=list(labels), output_dict=True, zero_division=0
    )
    return {
        name: TokenScore(row["precision"], row["recall"], row["f1-score"], int(row["support"]))
        for name, row in report.items()
        if isinstance(row, dict) and name != "weighted avg"
    }


def _token_labels(case: Case, entities: Sequence[Entity]) -> np.ndarray:
    tags = np.full(len(case.tokens), "O", dtype=object)
    for entity in entities:
        tags[(case.tokens[:, 0] < entity.end) & (case.tokens[:, 1] > entity.start)] = entity.label
    return tags


def wrong_surfaces(cases: Sequence[Case], pairs: Sequence[Sequence[Pair]]) -> list[Surface]:
    """The texts most often got wrong, by kind and labels."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for case, document in zip(cases, pairs, strict=True):
        for found in document:
            if found.kind != CORRECT:
                labels = [entity.label if entity else "" for entity in (found.gold, found.predicted)]
                counts[surface(case, either(found)), found.kind, labels[0], labels[1]] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return [Surface(*key, count) for key, count in ranked]


def edge_syllables(cases: Sequence[Case], pairs: Sequence[Sequence[Pair]]) -> list[Syllable]:
    """Gold spans by first and by last syllable: those with the most errors."""
    total: Counter[tuple[str, str, str]] = Counter()
    wrong: Counter[tuple[str, str, str]] = Counter()
    for case, document in zip(cases, pairs, strict=True):
        for found in document:
            if found.gold is None or not (syllables := surface(case, found.gold).split()):
                continue
            for edge, syllable in (("first", syllables[0]), ("last", syllables[-1])):
                key = edge, syllable.casefold(), found.gold.label
                total[key] += 1
                wrong[key] += found.kind != CORRECT
    rows = [Syllable(*key, gold=total[key], wrong=count) for key, count in wrong.items() if count]
    rows.sort(key=lambda row: (row.edge, -row.wrong, -row.wrong / row.gold, row.syllable, row.label))
    return [row for edge in ("first", "last") for row in [row for row in rows if row.edge == edge][: MOST // 2]]


def border_changes(cases: Sequence[Case], pairs: Sequence[Sequence[Pair]]) -> list[Border]:
    """What was added to or dropped from the edges of spans whose label was right."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for case, document in zip(cases, pairs, strict=True):
        for found in document:
            gold, guess = found.gold, found.predicted
            if gold is None or guess is None or found.kind not in (LONG, SHORT, SHIFTED):
                continue
            for edge, its, gold_its, added in (
                ("first", guess.start, gold.start, guess.start < gold.start),
                ("last", guess.end, gold.end, guess.end > gold.end),
            ):
                low, high = min(its, gold_its), max(its, gold_its)
                if low < high:
                    counts[edge, "added" if added else "dropped", plain(case.text[low:high]), gold.label] += 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return [Border(*key, count) for key, count in ranked]


def surface(case: Case, entity: Entity) -> str:
    """The text of a span, with single blanks."""
    return plain(case.text[entity.start : entity.end])


@lru_cache(maxsize=1 << 16)
def plain(text: str) -> str:
    """A text in NFC with one blank for every run of blanks, line ends and underscores."""
    return BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()
