from __future__ import annotations

import json
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import LABELS

from vi_ner.errors import ViNerError
from vi_ner.records import Annotation, Span, read_annotations, read_articles, read_labels, to_code_points

TEXT = "Bà Ngô Thị Mẫn ở Phú Thọ."
SPANS = (Span(3, 14, "PER"), Span(17, 24, "LOC"))
SHAPES = {
    "label": [[3, 14, "PER"], [17, 24, "LOC"]],
    "labels": [[17, 24, "LOC"], [3, 14, "PER"]],
    "entities": [
        {"id": 7, "start_offset": 3, "end_offset": 14, "label": "PER"},
        {"id": 8, "start_offset": 17.0, "end_offset": 24.0, "label": "LOC"},
    ],
}


@pytest.mark.parametrize("key", SHAPES)
def test_every_shape_that_doccano_writes(write_jsonl: Callable[..., Path], key: str) -> None:
    path = write_jsonl("export.jsonl", {"id": 5, "text": TEXT, key: SHAPES[key], "Comments": [], "group": "g"})
    assert read_annotations(path) == [Annotation("5", TEXT, SPANS, {"group": "g"}, "", f"{path}, line 1 (document 5)")]


def test_doc_uid_comes_before_doccanos_own_id(write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl("export.jsonl", {"id": 5, "doc_uid": "a-1", "text": TEXT, "label": []})
    assert read_annotations(path)[0].doc_id == "a-1"


def test_zip_has_one_file_per_annotator(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("lan", "minh"):
            archive.writestr(f"{name}.jsonl", json.dumps({"id": 1, "text": TEXT, "label": SHAPES["label"]}))
    assert [annotation.annotator for annotation in read_annotations(path)] == ["lan", "minh"]


def test_folder_is_read_in_order_of_names(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl"):
        write_jsonl(name, {"id": name, "text": TEXT, "label": []})
    assert [annotation.doc_id for annotation in read_annotations(tmp_path)] == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("before", ["😀 ", "👩‍👩‍👧 ", unicodedata.normalize("NFD", "Hường "), "a\r\nb "])
@pytest.mark.parametrize("unit", ["codepoint", "utf16", "grapheme"])
def test_offset_units_lead_to_the_same_surface(before: str, unit: str) -> None:
    import regex

    text = before + TEXT
    length = {
        "codepoint": len,
        "utf16": lambda s: len(s.encode("utf-16-le")) // 2,
        "grapheme": lambda s: len(regex.findall(r"\X", s)),
    }[unit]
    start, end = length(before) + 3, length(before) + 14
    (span,) = to_code_points(text, [Span(start, end, "PER")], unit, where="here")
    assert text[span.start : span.end] == "Ngô Thị Mẫn"


@pytest.mark.parametrize("before", ["😀 ", unicodedata.normalize("NFD", "Hường "), "a\r\nb "])
def test_unsaid_unit_is_refused_where_it_matters(write_jsonl: Callable[..., Path], before: str) -> None:
    row = {"id": 1, "text": before + TEXT, "label": [[len(before) + 3, len(before) + 14, "PER"]]}
    with pytest.raises(ViNerError, match=r"line 1 \(document 1\).*--offset-unit"):
        read_annotations(write_jsonl("export.jsonl", row))
    assert read_annotations(write_jsonl("export.jsonl", row), offset_unit="codepoint")
    assert read_annotations(write_jsonl("said.jsonl", row | {"offset_unit": "codepoint"}))


def test_a_cluster_that_begins_before_the_last_border_counts(write_jsonl: Callable[..., Path]) -> None:
    row = {"id": 1, "text": unicodedata.normalize("NFD", "Bà Mẫn"), "label": [[0, 2, "PER"]]}
    with pytest.raises(ViNerError, match="does not say what its offsets count"):
        read_annotations(write_jsonl("export.jsonl", row))
    (annotation,) = read_annotations(write_jsonl("export.jsonl", row), offset_unit="grapheme")
    assert annotation.spans == (Span(0, 3, "PER"),)


def test_an_empty_key_does_not_hide_a_filled_one(write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl("export.jsonl", {"id": 1, "text": TEXT, "label": [], "entities": SHAPES["entities"]})
    assert read_annotations(path)[0].spans == SPANS


def test_unsaid_unit_is_accepted_where_it_makes_no_difference(write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl("export.jsonl", {"id": 1, "text": TEXT + " 😀", "label": SHAPES["label"]})
    assert read_annotations(path)[0].spans == SPANS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ('{"id": 1, "text": "a", "label": []}\n{oops', "line 2: Not JSON"),
        ("[1, 2]", "line 1: Found a JSON list"),
        ('{"text": "a", "label": []}', "line 1: No document id"),
        ('{"id": 1, "label": []}', "line 1: No `text`"),
        ('{"id": 1, "text": "a"}', "No list of spans"),
        ('{"id": 1, "text": "abc", "label": [[0, "1", "PER"]]}', "expected \\[start, end, label\\]"),
        ('{"id": 1, "text": "abc", "label": [[0, 9, "PER"]]}', "document 1.*ends at 3"),
        ('{"id": 1, "text": "abc", "label": [[-1, 2, "PER"]]}', "not a stretch"),
        ('{"id": 1, "text": "abc", "label": [[2, 1, "PER"]]}', "not a stretch"),
        ('{"id": 1, "text": "abc", "label": [[0, 1, "PER"]], "offset_unit": "byte"}', "offset unit 'byte'"),
        ('{"id": 1, "text": "a", "label": [[0, 1, "PER"]], "entities": [[0, 1, "ORG"]]}', "under label and entities"),
        ("[" * 100_000, "line 1: (JSON nested too deeply|Not JSON)"),
    ],
)
def test_bad_export_gets_one_clear_message(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(content, encoding="utf8")
    with pytest.raises(ViNerError, match=message):
        read_annotations(path)


def test_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "export.jsonl").write_bytes("{'id': 1, 'text': 'Mỹ'}".encode("utf-16"))
    with pytest.raises(ViNerError, match="Not UTF-8"):
        read_annotations(tmp_path / "export.jsonl")


def test_not_a_zip(tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(b"PK but no archive")
    with pytest.raises(ViNerError, match="Not a ZIP file"):
        read_annotations(tmp_path / "export.zip")


def test_articles_keep_their_metadata_and_are_unique(write_jsonl: Callable[..., Path]) -> None:
    row = {"doc_id": "a", "text": TEXT, "group": "g", "published": "2024-05-01"}
    (article,) = read_articles(write_jsonl("one.jsonl", row))
    assert (article.doc_id, article.text, article.meta) == (
        "a",
        TEXT,
        {"group": "g", "published": "2024-05-01"},
    )
    with pytest.raises(ViNerError, match="line 2: The document id 'a' occurs twice"):
        read_articles(write_jsonl("two.jsonl", row, row))


def test_labels(tmp_path: Path) -> None:
    assert read_labels(LABELS) == ["PER", "ORG", "LOC", "DATE"]
    (tmp_path / "labels.json").write_text('{"PER": 1}', encoding="utf8")
    with pytest.raises(ViNerError, match="Not a list of labels"):
        read_labels(tmp_path / "labels.json")


def test_a_row_that_says_what_its_spans_cover_must_be_right(write_jsonl: Callable[..., Path]) -> None:
    entity = {"start_offset": 5, "end_offset": 9, "label": "LOC", "text": "Quế"}
    path = write_jsonl("a.jsonl", {"doc_uid": "d", "text": "chợ ở Quế", "entities": [entity]})
    with pytest.raises(ViNerError, match="say that they cover"):
        read_annotations(path)
