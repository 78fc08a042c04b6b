from __future__ import annotations

from conftest import ROOT

from vi_ner.check import check_annotations
from vi_ner.records import Annotation, Span, read_annotations


def findings(text: str, *surfaces: tuple[str, str]) -> list[tuple[str, str]]:
    """(kind, message) of all findings over a text with the given surfaces marked where they first occur."""
    spans = tuple(sorted(Span(text.index(s), text.index(s) + len(s), label) for s, label in surfaces))
    return [(f.kind, f.message) for f in check_annotations([Annotation("a", text, spans, {}, "", "here")])]


def test_edges_are_a_rule() -> None:
    for surface in ('"Huế', "Huế,", " Huế", "Huế\nvà"):
        ((kind, _), *_rest) = findings('Ở "Huế, Huế\nvà Huế ', (surface, "LOC"))
        assert kind == "rule"
    assert findings("Ông H. về.", ("H.", "PER")) == []


def test_titles_and_class_nouns_are_to_be_read() -> None:
    assert findings("Bà Lan nói", ("Bà Lan", "PER")) == [("read", "begins with a title or a form of address")]
    assert findings("gặp Giám đốc Lan", ("Giám đốc Lan", "PER")) == [
        ("read", "begins with a title or a form of address")
    ]
    assert findings("ở tỉnh Kon Tum", ("Kon Tum", "LOC")) == [
        ("read", "the class noun 'tỉnh' stands before it, outside")
    ]
    assert findings("ở tỉnh Kon Tum", ("tỉnh Kon Tum", "LOC")) == []


def test_a_name_marked_once_and_not_again() -> None:
    assert findings("Đà Lạt mưa . Ở Đà Lạt lạnh", ("Đà Lạt", "LOC")) == [("read", "unmarked at 15")]


def test_one_surface_with_several_labels() -> None:
    annotations = [
        Annotation("a", "Hà Tĩnh", (Span(0, 7, "LOC"),), {}, "", "here"),
        Annotation("b", "Hà_Tĩnh", (Span(0, 7, "ORG"),), {}, "", "here"),
    ]
    (finding,) = check_annotations(annotations)
    assert (finding.kind, finding.text, finding.message) == (
        "read",
        "Hà Tĩnh",
        "has several labels: LOC 1, ORG 1",
    )


def test_the_authored_corpus_breaks_no_rule() -> None:
    found = check_annotations(read_annotations(ROOT / "annotations" / "articles"))
    assert [finding for finding in found if finding.kind == "rule"] == []
