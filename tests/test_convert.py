from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import srsly
from conftest import LABELS, ROOT
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from vi_ner.convert import USER_DATA, Conversion, convert
from vi_ner.errors import ViNerError
from vi_ner.split import SIDES

TEXT = "Ông Sùng A Chứ ở bản Háng Đồng làm cho HTX Chè Suối Giàng từ năm 2019."
LABEL: list[list[Any]] = [[4, 14, "PER"], [17, 30, "LOC"], [39, 57, "ORG"], [61, 69, "DATE"]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Conversion]:
    """Convert into `tmp_path/out`."""

    def run(annotations: Path, articles: Path | None = None, **options: Any) -> Conversion:
        return convert(annotations, articles=articles, labels=LABELS, output=tmp_path / "out", **options)

    return run


def gold(folder: Path, tokenizer: Language) -> dict[str, Doc]:
    """All documents of all sides by id."""
    docs = [doc for side in SIDES for doc in DocBin().from_disk(folder / f"{side}.spacy").get_docs(tokenizer.vocab)]
    return {doc.user_data[USER_DATA]["doc_id"]: doc for doc in docs}


def test_spans_arrive_with_text_and_metadata(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path, tokenizer: Language
) -> None:
    articles = write_jsonl("articles.jsonl", {"doc_id": "a", "text": TEXT, "group": "g", "genre": "wire"})
    account = run(write_jsonl("gold.jsonl", {"doc_uid": "a", "text": TEXT, "label": LABEL}), articles)
    (doc,) = gold(tmp_path / "out", tokenizer).values()
    assert doc.text == TEXT
    assert [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents] == LABEL
    assert doc.user_data[USER_DATA]["meta"] == {"group": "g", "genre": "wire"}
    assert account.spans_in == account.spans_converted == 4
    assert srsly.read_json(tmp_path / "out" / "conversion.json")["spans_in"] == 4


def test_the_account_adds_up_and_lost_spans_travel_with_their_document(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path, tokenizer: Language
) -> None:
    spans = [
        [3, 15, "PER"],
        [17, 30, "LOC"],
        [39, 57, "ORG"],
        [39, 57, "ORG"],
        [61, 67, "DATE"],
        [14, 15, "PER"],
    ]
    path = write_jsonl("gold.jsonl", {"doc_uid": "a", "text": TEXT, "label": spans[:-1]})
    account = run(path, max_rejected=0.5)
    assert account.spans_in == 5
    assert account.spans_converted == 2
    assert [(change.text, change.reason) for change in account.repaired] == [
        (" Sùng A Chứ ", "blanks at its edge cut off")
    ]
    assert [(change.text, change.reason) for change in account.rejected] == [
        ("HTX Chè Suối Giàng", "the same span twice"),
        ("năm 20", "inside a token"),
    ]
    assert account.spans_in == account.spans_converted + len(account.repaired) + len(account.rejected)
    doc = gold(tmp_path / "out", tokenizer)["a"]
    assert [ent.text for ent in doc.ents] == ["Sùng A Chứ", "bản Háng Đồng", "HTX Chè Suối Giàng"]
    assert doc.user_data[USER_DATA]["lost"] == ((61, 67, "DATE"),)


@pytest.mark.parametrize("edge", ["\u3000", "\u2028", "\x1c", "\u200e", "\u2066", "\u00ad", "_\u200b "])
def test_nothing_invisible_stays_at_an_edge(
    edge: str, run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path, tokenizer: Language
) -> None:
    text = f"ở {edge}Huế{edge} ."
    row = {"doc_uid": "a", "text": text, "label": [[2, len(text) - 2, "LOC"]], "offset_unit": "codepoint"}
    assert len(run(write_jsonl("gold.jsonl", row)).repaired) == 1
    assert [ent.text for ent in gold(tmp_path / "out", tokenizer)["a"].ents] == ["Huế"]


def test_too_much_loss_fails_and_writes_nothing(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_jsonl("gold.jsonl", {"doc_uid": "a", "text": TEXT, "label": [[61, 67, "DATE"]]})
    with pytest.raises(ViNerError, match=r"1 of 1 gold spans \(100.0%\) would be lost.*a: 'năm 20' inside a token"):
        run(path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"doc_uid": "a", "text": TEXT, "label": [[4, 14, "PERSON"]]}],
            "line 1.*label 'PERSON'.*PER, ORG, LOC, DATE",
        ),
        ([{"doc_uid": "a", "text": TEXT, "label": [[4, 14, "PER"], [9, 14, "LOC"]]}], "Overlapping spans"),
        ([{"doc_uid": "a", "text": TEXT, "label": [[4, 14, "PER"], [4, 14, "ORG"]]}], "Overlapping spans"),
        (
            [{"doc_uid": "a", "text": TEXT, "label": []}, {"doc_uid": "a", "text": "B", "label": []}],
            "2 different texts",
        ),
        ([{"doc_uid": "a", "text": TEXT, "label": [[4, 999, "PER"]]}], "not a stretch of its text"),
    ],
)
def test_bad_gold_gets_one_clear_message_and_writes_nothing(
    run: Callable[..., Conversion],
    write_jsonl: Callable[..., Path],
    tmp_path: Path,
    rows: list[dict],
    message: str,
) -> None:
    with pytest.raises(ViNerError, match=message):
        run(write_jsonl("gold.jsonl", *rows))
    assert not (tmp_path / "out").exists()


def test_changed_article_is_refused(run: Callable[..., Conversion], write_jsonl: Callable[..., Path]) -> None:
    articles = write_jsonl("articles.jsonl", {"doc_id": "a", "text": unicodedata.normalize("NFD", TEXT)})
    with pytest.raises(ViNerError, match="not the text of the article 'a'"):
        run(write_jsonl("gold.jsonl", {"doc_uid": "a", "text": TEXT, "label": LABEL}), articles)


def test_untouched_copies_are_no_gold(run: Callable[..., Conversion], write_jsonl: Callable[..., Path]) -> None:
    def row(doc_id: str, annotator: str, label: list) -> dict:
        return {"doc_uid": doc_id, "text": f"{doc_id}: {TEXT}", "label": label, "annotator": annotator}

    shifted = [[start + 3, end + 3, label] for start, end, label in LABEL]
    rows = [row("a", "lan", shifted), row("a", "minh", []), row("b", "lan", []), row("b", "minh", [])]
    account = run(write_jsonl("gold.jsonl", *rows))
    assert (account.documents_in, account.documents_converted, account.spans_in) == (2, 1, 4)
    assert account.documents_set_aside == [{"doc_id": "b", "reason": "untouched by every annotator"}]


def test_versions_that_differ_need_a_choice(run: Callable[..., Conversion], write_jsonl: Callable[..., Path]) -> None:
    rows = [
        {"doc_uid": "a", "text": TEXT, "label": LABEL, "annotator": "lan"},
        {"doc_uid": "a", "text": TEXT, "label": LABEL[:2], "annotator": "minh"},
    ]
    path = write_jsonl("gold.jsonl", *rows)
    with pytest.raises(ViNerError, match=r"versions that differ.*--annotator"):
        run(path)
    assert run(path, annotator="minh").spans_in == 2
    with pytest.raises(ViNerError, match="no annotator 'mình', only 'lan', 'minh'"):
        run(path, annotator="mình")


def test_a_chosen_annotators_untouched_copy_loses_nothing(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path]
) -> None:
    rows = [
        {"doc_uid": "a", "text": TEXT, "label": [], "annotator": "lan"},
        {"doc_uid": "a", "text": TEXT, "label": LABEL, "annotator": "minh"},
    ]
    assert run(write_jsonl("gold.jsonl", *rows), annotator="lan").spans_converted == 4


def test_nothing_annotated_is_an_error(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    rows: list[dict] = [{"doc_uid": "a", "text": TEXT, "label": [], "annotator": name} for name in ("lan", "minh")]
    with pytest.raises(ViNerError, match="Every document is untouched"):
        run(write_jsonl("gold.jsonl", *rows))
    assert not (tmp_path / "out").exists()


def test_an_annotation_without_its_article_is_refused(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path]
) -> None:
    articles = write_jsonl("articles.jsonl", {"doc_id": "a", "text": TEXT})
    with pytest.raises(ViNerError, match="No article has the id '17'"):
        run(write_jsonl("gold.jsonl", {"id": 17, "text": TEXT, "label": LABEL}), articles)


def test_conversion_is_the_same_byte_for_byte(
    run: Callable[..., Conversion], write_jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    rows = [{"doc_uid": f"d{i}", "text": f"{TEXT} Lần {i}.", "label": LABEL, "group": f"g{i}"} for i in range(30)]
    run(write_jsonl("gold.jsonl", *rows))
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run(write_jsonl("gold.jsonl", *reversed(rows)))
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == first


def test_the_authored_corpus_converts_without_a_single_loss(tmp_path: Path) -> None:
    account = convert(
        ROOT / "annotations" / "articles",
        articles=ROOT / "corpus" / "articles",
        labels=LABELS,
        output=tmp_path,
    )
    assert account.rejected == [] and account.repaired == [] and account.documents_set_aside == []
    assert account.documents_converted >= 600
    assert [cluster.groups for cluster in account.clusters if len(cluster.groups) > 1] == []


def test_a_confirmed_empty_version_counts(run: Callable[..., Conversion], write_jsonl: Callable[..., Path]) -> None:
    def row(annotator: str, label: list, confirmed: bool) -> dict:
        return {"doc_uid": "a", "text": TEXT, "label": label, "annotator": annotator, "confirmed": confirmed}

    with pytest.raises(ViNerError, match="versions that differ"):
        run(write_jsonl("gold.jsonl", row("lan", LABEL, True), row("minh", [], True)))
    account = run(write_jsonl("gold.jsonl", row("lan", [], True), row("minh", [], True)))
    assert (account.documents_converted, account.spans_in) == (1, 0)
