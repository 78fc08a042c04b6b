from __future__ import annotations

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from vi_ner.convert import USER_DATA
from vi_ner.evaluate import evaluate

WORDS = ["Bà", "Lan", "Hương", "gặp", "báo", "Lao", "Động", "ở", "Huế", "năm", "2020"]
NLP = spacy.blank("xx")


def doc(*entities: tuple[int, int, str], lost: int = 0) -> Doc:
    """A document with entities given by token, and so many lost DATE spans."""
    made = Doc(NLP.vocab, WORDS)
    made.set_ents([spacy.tokens.Span(made, *entity) for entity in entities])
    made.user_data[USER_DATA] = {"lost": [[0, 1, "DATE"]] * lost}
    return made


GOLD = [(1, 3, "PER"), (4, 7, "ORG"), (8, 9, "LOC"), (9, 11, "DATE")]


def test_hand_counted_case() -> None:
    predicted = [(1, 3, "PER"), (5, 7, "ORG"), (8, 9, "ORG"), (9, 11, "DATE")]
    result = evaluate([Example(doc(*predicted), doc(*GOLD))])
    assert (result.overall.precision, result.overall.recall, result.overall.f) == (0.5, 0.5, 0.5)
    assert (result.labels["ORG"].precision, result.labels["ORG"].recall, result.labels["ORG"].support) == (
        0,
        0,
        1,
    )
    assert (result.labels["LOC"].recall, result.labels["LOC"].support) == (0, 1)
    assert result.labels["PER"].f == result.labels["DATE"].f == 1


def test_lost_gold_counts_as_missed() -> None:
    result = evaluate([Example(doc(*GOLD), doc(*GOLD, lost=4))])
    assert (result.overall.precision, result.overall.recall, result.overall.support) == (1, 0.5, 8)
    assert (result.labels["DATE"].recall, result.labels["DATE"].lost) == (0.2, 4)


@pytest.mark.parametrize(("predicted", "gold", "f"), [([], [], 0), (GOLD, [], 0), ([], GOLD, 0), (GOLD, GOLD, 1)])
def test_empty_sides(predicted: list, gold: list, f: float) -> None:
    result = evaluate([Example(doc(*predicted), doc(*gold))])
    assert (result.overall.f, result.overall.f_low, result.overall.f_high) == (f, f, f)


def test_no_documents() -> None:
    assert evaluate([]).overall.support == 0


def test_interval_is_over_documents_and_reproducible() -> None:
    examples = [Example(doc(*GOLD), doc(*GOLD)) for _ in range(10)]
    examples += [Example(doc(), doc(*GOLD)) for _ in range(10)]
    result = evaluate(examples)
    assert result.overall.f == pytest.approx(2 / 3)
    assert result.overall.f_low < 0.55 and result.overall.f_high > 0.75
    assert evaluate(examples) == result
    assert evaluate(examples, seed=1) != result
