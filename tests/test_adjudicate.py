"""What becomes of decisions, without a server: branches that the whole way there and back does not take."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vi_ner.adjudicate import decided, dispute_rows
from vi_ner.doccano.versions import Row
from vi_ner.errors import ViNerError
from vi_ner.pull import Fetched
from vi_ner.records import Annotation, Span

TEXT = "🎉 Bà Lò Thị Mai ở Nậm Cang."
LONG, SHORT = (5, 15), (8, 15)


def version(annotator: str, *spans: tuple[tuple[int, int], str]) -> Annotation:
    found = tuple(Span(start, end, label) for (start, end), label in spans)
    return Annotation("d1", TEXT, found, {"topic": "chợ"}, annotator, f"{annotator}.jsonl", confirmed=True)


DISPUTED = {"d1": [version("an", (LONG, "PER")), version("binh", (SHORT, "PER"))]}
(SENT,) = dispute_rows(DISPUTED)


def fetched(label: list[list[object]], *, confirmed: bool = True, **meta: str) -> Fetched:
    """What the server holds after somebody has worked on the document."""
    known = {key: value for key, value in SENT.items() if key not in ("text", "label")} | meta
    row: Row = {"text": TEXT, "label": label, "meta": known, "annotator": "lead", "confirmed": confirmed}
    return Fetched("http://x", 1, "utf16", [row | {"approver": None, "id": 7}], 0, ())


def test_every_version_is_shown_under_its_owners_name() -> None:
    # The emoji counts two in Doccano.
    assert SENT["label"] == [[6, 16, "PER (an)"], [9, 16, "PER (binh)"]]


def test_what_is_kept_counts_and_remembers_whose_it_was() -> None:
    (gold,), unresolved = decided(fetched([[6, 16, "PER (an)"]]), DISPUTED, [SENT])
    assert gold["entities"] == [
        {"start_offset": 5, "end_offset": 15, "label": "PER", "text": "Lò Thị Mai", "chosen_from": ["an"]}
    ]
    assert [entry["annotator"] for entry in gold["versions"]] == ["an", "binh"] and not unresolved


def test_equal_choices_are_one() -> None:
    (gold,), _ = decided(fetched([[6, 16, "PER (an)"], [6, 16, "PER"]]), DISPUTED, [SENT])
    assert [(entity["label"], entity["chosen_from"]) for entity in gold["entities"]] == [("PER", ["an"])]


def test_spans_that_still_overlap_are_sent_back() -> None:
    gold, unresolved = decided(fetched(SENT["label"]), DISPUTED, [SENT])
    assert gold == [] and unresolved == {"d1": "'Lò Thị Mai', 'Thị Mai'"}


def test_what_nobody_confirmed_waits() -> None:
    assert decided(fetched([[6, 16, "PER (an)"]], confirmed=False), DISPUTED, [SENT]) == ([], {})


def test_a_document_of_somebody_else_is_left_alone() -> None:
    assert decided(fetched([], doc_uid="other"), DISPUTED, [SENT]) == ([], {})


def test_versions_that_changed_since_they_were_sent_are_refused() -> None:
    changed = {"d1": [DISPUTED["d1"][0], replace(DISPUTED["d1"][1], spans=(Span(*SHORT, "LOC"),))]}
    with pytest.raises(ViNerError, match=r"versions of d1 have changed.*another --project"):
        decided(fetched([[6, 16, "PER (an)"]]), changed, dispute_rows(changed))
