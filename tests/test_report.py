"""The computation of the report, against cases counted by hand and against other tools."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import spacy
from conftest import marked
from sklearn.metrics import precision_recall_fscore_support
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from vi_ner.convert import USER_DATA
from vi_ner.errors import ViNerError
from vi_ner.report.apart import loaded
from vi_ner.report.cases import Case, Entity, in_form, predict, read_case
from vi_ner.report.compare import compare
from vi_ner.report.curves import calibrate
from vi_ner.report.kinds import (
    NOTHING,
    Pair,
    border_changes,
    confusion,
    count_kinds,
    edge_syllables,
    pair,
    token_report,
)
from vi_ner.report.matching import WAYS, match
from vi_ner.report.names import date_form, is_vietnamese, spelling
from vi_ner.report.sides import find_leakage
from vi_ner.report.slices import Slicing, all_labels, slice_counts, slices
from vi_ner.scores import Resampling

#        0123456789012345678901234567890123456789012345678901234567890
TEXT = "Bà Lò Thị Pím, Bộ Y tế Lào, rời tỉnh Phú Thọ hôm 3/4."
PER, ORG, LOC, DATE = (3, 13, "PER"), (15, 26, "ORG"), (32, 44, "LOC"), (45, 52, "DATE")
GOLD = (PER, ORG, LOC, DATE)
NLP = spacy.blank("xx")
LABELS = ("DATE", "LOC", "ORG", "PER")


def case(
    *gold: tuple[int, int, str], text: str = TEXT, lost: Sequence[tuple[int, int, str]] = (), **known: str
) -> Case:
    doc = marked(NLP(text), *gold)
    doc.user_data[USER_DATA] = {"doc_id": known.get("doc_id", "d"), "group": known.get("group", "g"), "meta": known}
    doc.user_data[USER_DATA]["lost"] = [list(span) for span in lost]
    return read_case(doc, 1)


def entities(*spans: tuple[int, int, str]) -> tuple[Entity, ...]:
    return tuple(Entity(*span) for span in spans)


def kinds(gold: Sequence[tuple[int, int, str]], *predicted: tuple[int, int, str]) -> list[str]:
    return [found.kind for found in pair(case(*gold), entities(*predicted))]


def test_the_spans_of_these_tests() -> None:
    assert [TEXT[start:end] for start, end, _label in GOLD] == ["Lò Thị Pím", "Bộ Y tế Lào", "tỉnh Phú Thọ", "hôm 3/4"]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([], [], []),
        ([], [PER], ["spurious"]),
        ([PER], [], ["missed"]),
        (GOLD, GOLD, ["correct"] * 4),
        ([PER], [(0, 13, "PER")], ["too long"]),
        ([LOC], [(37, 44, "LOC")], ["too short"]),
        ([ORG], [(18, 29, "ORG")], ["shifted"]),
        ([ORG], [(15, 26, "LOC")], ["wrong label"]),
        # Nested: a country inside the name of a ministry, found as a place.
        ([ORG], [(23, 26, "LOC")], ["border and label"]),
        ([ORG], [(15, 22, "ORG"), (23, 26, "LOC")], ["too short", "spurious"]),
        # Adjacent: two spans found as one, one found as two.
        ([LOC, DATE], [(32, 52, "LOC")], ["too long", "missed"]),
        ([(32, 52, "LOC")], [LOC, DATE], ["too short", "spurious"]),
        # The exact match is never taken away by a neighbour that overlaps more.
        ([(3, 5, "PER"), (6, 13, "PER")], [(6, 13, "PER")], ["missed", "correct"]),
    ],
)
def test_kinds_of_errors(gold: list, predicted: list, expected: list[str]) -> None:
    assert kinds(gold, *predicted) == expected


def test_lost_gold_is_missed_and_nothing_else() -> None:
    one = case(PER, lost=[(45, 50, "DATE")])
    guesses = entities(PER, DATE)  # overlaps the lost span, and still is not it
    pairs = [pair(one, guesses)]
    assert Counter(found.kind for found in pairs[0]) == {"correct": 1, "missed": 1, "spurious": 1}
    for way in WAYS:
        score = match([one], [guesses], LABELS, Resampling(["g"]))[way]
        assert (score.micro.correct, score.micro.support, score.micro.lost, score.micro.predicted) == (1, 2, 1, 2)
        assert score.labels["DATE"].recall == 0
    assert confusion(pairs, LABELS).matrix[0] == (0, 0, 0, 0, 1)


def test_four_ways_of_matching() -> None:
    """nervaluate's own definitions on one span of every kind."""
    guesses = entities(PER, (15, 26, "LOC"), (37, 44, "LOC"), (0, 2, "ORG"))
    scores = {way: found.micro for way, found in match([case(*GOLD)], [guesses], LABELS, Resampling(["g"])).items()}
    assert {way: score.correct for way, score in scores.items()} == {
        "strict": 1,  # the person
        "partial": 2.5,  # and the ministry, whatever its label, and half the province
        "borders": 2,  # the person and the ministry
        "label": 2,  # the person and the province
    }
    assert {(score.predicted, score.support) for score in scores.values()} == {(4, 4)}


def test_confusion_counts_nothing_too() -> None:
    found = confusion([pair(case(*GOLD), entities(PER, (15, 26, "LOC"), (0, 2, "PER")))], LABELS)
    cells = {
        (gold, guess): found.matrix[i][j]
        for i, gold in enumerate(found.labels)
        for j, guess in enumerate(found.labels)
        if found.matrix[i][j]
    }
    assert cells == {
        ("PER", "PER"): 1,
        ("ORG", "LOC"): 1,
        ("LOC", NOTHING): 1,
        ("DATE", NOTHING): 1,
        (NOTHING, "PER"): 1,
    }


def test_borders_and_syllables() -> None:
    cases = [case(*GOLD)]
    pairs = [pair(cases[0], entities((0, 13, "PER"), (15, 22, "ORG"), (37, 44, "LOC"), DATE))]
    changes = {(row.edge, row.change, row.text, row.label) for row in border_changes(cases, pairs)}
    assert changes == {
        ("first", "added", "Bà", "PER"),
        ("last", "dropped", "Lào", "ORG"),
        ("first", "dropped", "tỉnh", "LOC"),
    }
    rows = {(row.edge, row.syllable): (row.gold, row.wrong) for row in edge_syllables(cases, pairs)}
    assert rows[("first", "tỉnh")] == rows[("last", "lào")] == rows[("first", "lò")] == (1, 1)
    assert ("first", "hôm") not in rows


def random_side(rng: random.Random, tokens: int) -> list[tuple[int, int, str]]:
    """Spans over one-letter words, some of them touching."""
    spans, at = [], 0
    while at < tokens:
        length = rng.randint(1, 3)
        if rng.random() < 0.4 and at + length <= tokens:
            spans.append((2 * at, 2 * (at + length) - 1, rng.choice(LABELS)))
        at += length
    return spans


@pytest.fixture(scope="module")
def chance() -> tuple[list[Case], list[tuple[Entity, ...]]]:
    """Documents whose predictions share much with their gold and hold every kind of error."""
    rng = random.Random(3)
    cases, predicted = [], []
    for number in range(60):
        gold = random_side(rng, 30)
        guesses = {span for span in gold if rng.random() < 0.6}
        for span in random_side(rng, 30):
            if all(span[1] < other[0] or span[0] > other[1] for other in guesses):
                guesses.add(span)
        cases.append(case(*gold, text=" ".join("x" * 30), doc_id=f"d{number}", group=f"g{number // 2}"))
        predicted.append(entities(*sorted(guesses)))
    return cases, predicted


def test_counts_add_up(chance: tuple[list[Case], list[tuple[Entity, ...]]]) -> None:
    cases, predicted = chance
    pairs = [pair(one, guesses) for one, guesses in zip(cases, predicted, strict=True)]
    counted = count_kinds(pairs)
    assert all(counted.values()), "every kind occurs here"
    gold = sum(counted.values()) - counted["spurious"]
    guessed = sum(counted.values()) - counted["missed"]
    assert gold == sum(len(one.gold) for one in cases) and guessed == sum(map(len, predicted))
    assert sum(map(sum, confusion(pairs, LABELS).matrix)) == sum(counted.values())


def test_strict_scores_are_those_of_seqeval(chance: tuple[list[Case], list[tuple[Entity, ...]]]) -> None:
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    cases, predicted = chance

    def tags(one: Case, spans: Sequence[Entity]) -> list[str]:
        found = ["O"] * len(one.tokens)
        for span in spans:
            inside = [i for i, (start, end) in enumerate(one.tokens) if start >= span.start and end <= span.end]
            found[inside[0] : inside[-1] + 1] = [f"B-{span.label}", *[f"I-{span.label}"] * (len(inside) - 1)]
        return found

    gold_tags = [tags(one, one.gold) for one in cases]
    report = classification_report(
        gold_tags, list(map(tags, cases, predicted)), mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    strict = match(cases, predicted, LABELS, Resampling([one.group for one in cases]))["strict"]
    rows = {**strict.labels, "micro avg": strict.micro, "macro avg": strict.macro}
    for name, score in rows.items():
        expected = report[name]
        assert (score.precision, score.recall, score.f) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"])
        )
        assert score.support == expected["support"]


def test_token_scores_are_those_of_scikit_learn(chance: tuple[list[Case], list[tuple[Entity, ...]]]) -> None:
    cases, predicted = chance

    def tags(spans: Sequence[Entity]) -> list[str]:
        return [next((s.label for s in spans if s.start <= 2 * i < s.end), "O") for i in range(30)]

    gold = [tag for one in cases for tag in tags(one.gold)]
    guessed = [tag for spans in predicted for tag in tags(spans)]
    expected = precision_recall_fscore_support(gold, guessed, labels=LABELS, average="micro")
    row = token_report(cases, predicted, LABELS)["micro avg"]
    assert (row.precision, row.recall, row.f) == pytest.approx(expected[:3])


def test_slices_of_a_dimension_hold_every_span_once(chance: tuple[list[Case], list[tuple[Entity, ...]]]) -> None:
    cases, predicted = chance
    pairs = [pair(one, guesses) for one, guesses in zip(cases, predicted, strict=True)]
    resampling = Resampling([one.group for one in cases])
    slicing = Slicing(cases[:20])
    rows = slices(all_labels(slice_counts(cases, pairs, slicing, resampling)), slicing, resampling)
    strict = match(cases, predicted, LABELS, resampling)["strict"].micro
    for dimension in ("seen in training", "span length", "sentence length", "position"):
        parts = [row.score for row in rows if row.dimension == dimension]
        assert sum(part.support for part in parts) == strict.support
        assert sum(part.correct for part in parts) == strict.correct


def test_slices_by_hand() -> None:
    train = [case((3, 13, "PER"), (23, 26, "LOC"))]
    test = [case(PER, (23, 26, "ORG"), LOC, DATE, topic="y tế")]
    pairs = [pair(test[0], entities(PER, LOC))]
    slicing, resampling = Slicing(train), Resampling(["g"])
    counts = all_labels(slice_counts(test, pairs, slicing, resampling))
    found = {(row.dimension, row.value): row for row in slices(counts, slicing, resampling)}
    recalls = {key: (row.score.correct, row.score.support) for key, row in found.items()}
    assert recalls[("seen in training", "seen")] == (1, 1)
    assert recalls[("seen in training", "seen with another label")] == (0, 1)
    assert recalls[("seen in training", "new")] == (1, 2)
    assert recalls[("span length", "3")] == (2, 2)
    assert recalls[("topic", "y tế")] == (2, 4)
    assert recalls[("date form", "day in numbers")] == (0, 1)
    assert found[("span length", "3")].trained == 1 and found[("seen in training", "seen")].trained is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nguyễn Thị Hường", "Vietnamese"),
        ("tỉnh Quảng Ngãi", "Vietnamese"),
        ("Lò Văn Pím", "Vietnamese"),
        ("Phan Đình Giót", "Vietnamese"),
        ("Nguyễn Khuyến", "Vietnamese"),
        ("Kim Jong-un", "foreign"),
        ("tập đoàn Wagner", "foreign"),
        ("H'Hen Niê", "foreign"),
        ("UBND tỉnh Bến Tre", "abbreviation"),
        ("TP.HCM", "abbreviation"),
        ("NATO", "abbreviation"),
        ("HÀ NỘI", "Vietnamese"),
        ("113", "no letters"),
    ],
)
def test_spelling(name: str, kind: str) -> None:
    assert spelling(name) == kind


def test_every_syllable_of_a_sample_of_vietnamese_is_one() -> None:
    sample = "nghiêng khuya quyển giếng gì ghế thuở oẳn xoèn ngoằn rượu yểu uỷ chuyện hươu bướu quạ ưng ý ếch đâu"
    assert [syllable for syllable in sample.split() if not is_vietnamese(syllable)] == []
    assert not any(map(is_vietnamese, ["Putin", "Biden", "Moskva", "Wagner", "Jong", "Smith", "Zhao", "fa"]))


@pytest.mark.parametrize(
    ("date", "form"),
    [
        ("12/9", "day in numbers"),
        ("ngày 12 tháng 9", "day in words"),
        ("2014-2019", "range"),
        ("ngày 12-17/9/2023", "range"),
        ("quý II/2018", "quarter or season"),
        ("thứ Bảy, 24/11", "weekday"),
        ("năm ngoái", "relative"),
        ("mùng 3 Tết", "holiday or lunar"),
        ("năm Canh Tý", "holiday or lunar"),
        ("thế kỷ 20", "century or decade"),
        ("tháng 9", "month"),
        ("năm 1976", "year"),
        ("1976", "year"),
        ("5", "other"),
    ],
)
def test_date_forms(date: str, form: str) -> None:
    assert date_form(date) == form


def test_comparison_by_hand() -> None:
    """Five documents: here all four spans of the first three, there those of the last one only."""
    cases = [case(*GOLD, doc_id=f"d{i}", group=f"g{i}") for i in range(5)]
    here = [pair(one, entities(*GOLD) if i < 3 else ()) for i, one in enumerate(cases)]
    there = [pair(one, entities(*GOLD) if i == 4 else ()) for i, one in enumerate(cases)]
    found = compare(
        cases, here, there, name="there", labels=LABELS, resampling=Resampling([one.group for one in cases])
    )
    assert (found.micro.f, found.micro.other) == (pytest.approx(0.75), pytest.approx(1 / 3))
    assert (found.mcnemar.only_here, found.mcnemar.only_other) == (12, 4)
    assert found.mcnemar.p == pytest.approx(2 * sum([1, 16, 120, 560, 1820]) / 2**16)  # binomial, by hand
    assert [row.doc_id for row in found.better] == ["d0", "d1", "d2"]
    assert [(row.doc_id, row.errors, row.other_errors) for row in found.worse] == [("d4", 4, 0)]
    assert not found.micro.significant


def test_calibration_by_hand() -> None:
    sure, doubtful = ((Entity(0, 1, "PER", level)) for level in (0.9, 0.5))
    pairs = [
        [Pair("correct", sure, sure)] * 9 + [Pair("spurious", None, sure)] + [Pair("spurious", None, doubtful)] * 10
    ]
    found = calibrate(pairs)
    assert found is not None and found.predictions == 20
    assert found.brier == pytest.approx((9 * 0.01 + 0.81 + 10 * 0.25) / 20)
    assert list(zip(found.confidence, found.right, strict=True)) == [
        (0.5, 0.0),
        (pytest.approx(0.9), pytest.approx(0.9)),
    ]
    assert found.error == pytest.approx(0.25)
    assert calibrate([[Pair("spurious", None, Entity(0, 1, "PER"))]]) is None


def test_leakage_is_found() -> None:
    long = " ".join(f"Câu {i} kể chuyện bà Lò Thị Pím đi chợ." for i in range(12))
    train = [case(text=long, doc_id="t1", group="chợ"), case(PER, doc_id="t2", group="bộ")]
    test = [case(text=long + " Hết.", doc_id="x1", group="khác"), case(PER, ORG, text=TEXT, doc_id="x2", group="bộ")]
    found = find_leakage(test, train)
    assert found.groups == ("bộ",)
    assert found.near_duplicates == (("x1", "t1"), ("x2", "t2"))
    assert (found.spans_seen, found.spans) == (1, 2)


@pytest.mark.parametrize("form", ["joined", "spaced", "nfd", "caps", "plain"])
def test_forms_carry_every_span(form: str) -> None:
    (changed,) = in_form([case(*GOLD)], form)
    surfaces = [changed.text[entity.start : entity.end] for entity in changed.gold]
    assert [entity.label for entity in changed.gold] == ["PER", "ORG", "LOC", "DATE"]
    folded = [surface.replace("_", " ").casefold()[:1] for surface in surfaces]
    assert folded == ["l", "b", "t", "h"]


def test_sentences_end_at_marks_and_lines(tokenizer: Language) -> None:
    found = read_case(tokenizer("Chợ họp sớm. Bà Pím bán ớt!\nHết chợ"), 1)
    assert [found.text[start:end].strip() for start, end in found.sentences] == [
        "Chợ họp sớm.",
        "Bà Pím bán ớt!",
        "Hết chợ",
    ]


def test_a_model_without_a_tagger_gives_no_confidence(finds_hue: Language) -> None:
    (found,) = predict(finds_hue, ["Đi Huế."])
    assert found == (Entity(3, 6, "LOC", None),)


def test_the_confidences_of_the_trained_model(trained: Language, dev_docs: list[Doc]) -> None:
    """Predictions that are surer are right more often, and the spans are the usual ones."""
    cases = [read_case(doc, i) for i, doc in enumerate(dev_docs[:20])]
    predicted = list(predict(trained, [one.text for one in cases]))
    usual = [
        [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        for doc in trained.pipe(one.text for one in cases)
    ]
    assert [[entity.key for entity in guesses] for guesses in predicted] == usual
    judged = [
        (found.predicted.confidence, found.kind == "correct")
        for one, guesses in zip(cases, predicted, strict=True)
        for found in pair(one, guesses)
        if found.predicted and found.predicted.confidence
    ]
    judged.sort()
    half = len(judged) // 2
    assert 0.1 < judged[0][0] < judged[-1][0] <= 1
    assert np.mean([right for _sure, right in judged[:half]]) < np.mean([right for _sure, right in judged[half:]])


def test_docbin_roundtrip_keeps_ids_groups_and_lost(tokenizer: Language) -> None:
    doc = marked(tokenizer(TEXT), PER)
    doc.user_data[USER_DATA] = {"doc_id": "a", "group": "b", "meta": {"topic": "c"}, "lost": [[45, 50, "DATE"]]}
    stored = DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=[doc]).to_bytes()
    (again,) = DocBin().from_bytes(stored).get_docs(tokenizer.vocab)
    found = read_case(again, 7)
    assert (found.doc_id, found.group, found.meta) == ("a", "b", {"topic": "c"})
    assert found.lost == (Entity(45, 50, "DATE"),)
    assert read_case(tokenizer(TEXT), 7).doc_id == read_case(tokenizer(TEXT), 7).group == "document 7"


def test_a_process_of_its_own_predicts_the_same(model: Path, finds_hue: Language) -> None:
    texts = [f"{'Đường dài. ' * (i % 3)}Xe về Huế trước giờ Ngọ." for i in range(20)]
    with loaded(str(model)) as pipeline:
        assert list(pipeline.predict(texts)) == list(predict(finds_hue, texts))
        assert pipeline.about.path == str(model)
    assert not multiprocessing.active_children()


def test_a_predicting_process_that_dies_is_named(model: Path) -> None:
    with pytest.raises(ViNerError, match=r"was killed.*memory"), loaded(str(model)) as pipeline:
        for process in multiprocessing.active_children():
            process.kill()
        list(pipeline.predict(["Về Huế."]))


def test_a_missing_pipeline_is_named_across_processes(tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="No trained pipeline"), loaded(str(tmp_path / "none")):
        pass
