"""Any text with any spans: files of rows are read as they were written, and units convert both ways or not at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import json_values, marked_texts, texts

from vi_ner.errors import ViNerError
from vi_ner.graphemes import grapheme_starts
from vi_ner.records import (
    ID_KEYS,
    OFFSET_UNITS,
    SPAN_KEYS,
    Span,
    from_code_points,
    read_annotations,
    read_articles,
    to_code_points,
)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


def as_row(text: str, spans: list[Span], unit: str, shape: str) -> dict[str, Any]:
    written = from_code_points(text, spans, unit, where="here")
    raw: list[Any] = [[span.start, span.end, span.label] for span in written]
    if shape == "entities":
        raw = [{"start_offset": start, "end_offset": end, "label": label} for start, end, label in raw]
    return {"doc_uid": "a", "text": text, shape: raw, "offset_unit": unit}


def units(text: str, unit: str) -> int:
    """The length of a text, counted another way than the code under test does."""
    if unit == "utf16":
        return len(text.encode("utf-16-le")) // 2
    return len(text) if unit == "codepoint" else len(grapheme_starts(text))


@given(marked=marked_texts(), shape=st.sampled_from(["label", "labels", "entities"]), ascii_only=st.booleans())
def test_written_rows_are_read_again(
    marked: tuple[str, list[Span]], shape: str, ascii_only: bool, scratch: Path
) -> None:
    text, spans = marked
    rows = [as_row(text, spans, unit, shape) for unit in ("codepoint", "utf16")]
    path = scratch / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows), encoding="utf8")
    for annotation in read_annotations(path):
        assert (annotation.text, list(annotation.spans)) == (text, spans)
    assert [row.text for row in read_articles_of(scratch, rows[:1])] == [text]


def read_articles_of(scratch: Path, rows: list[dict[str, Any]]) -> list[Any]:
    path = scratch / "articles.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf8")
    return read_articles(path)


@given(marked=marked_texts(), unit=st.sampled_from(OFFSET_UNITS))
def test_units_convert_both_ways_or_are_refused(marked: tuple[str, list[Span]], unit: str) -> None:
    text, spans = marked
    try:
        counted = from_code_points(text, spans, unit, where="here")
    except ViNerError:
        borders = {0, len(text), *grapheme_starts(text)}
        assert unit == "grapheme" and any({span.start, span.end} - borders for span in spans)
        return
    for span, there in zip(spans, counted, strict=True):
        assert (units(text[: span.start], unit), units(text[: span.end], unit)) == (there.start, there.end)
    assert list(to_code_points(text, counted, unit, where="here")) == spans


@given(text=texts(), start=st.integers(-2, 40), length=st.integers(-2, 40), unit=st.sampled_from(OFFSET_UNITS))
def test_any_offsets_are_a_stretch_or_refused(text: str, start: int, length: int, unit: str) -> None:
    asked = Span(start, start + length, "PER")
    try:
        (span,) = to_code_points(text, [asked], unit, where="here")
    except ViNerError as error:
        assert "not a stretch of its text" in str(error)
        if unit == "utf16" and 0 <= start < start + length <= units(text, unit):  # inside a pair
            data = text.encode("utf-16-le")
            cuts = [data[: 2 * border].decode("utf-16-le", "replace") for border in (start, start + length)]
            assert any(cut not in text for cut in cuts)
        return
    assert 0 <= span.start < span.end <= len(text)
    assert from_code_points(text, [span], unit, where="here") == [asked]


@given(text=texts(), start=st.integers(0, 30), length=st.integers(1, 10))
def test_an_unsaid_unit_is_accepted_only_where_all_three_agree(text: str, start: int, length: int) -> None:
    asked = Span(start, start + length, "PER")
    try:
        found = to_code_points(text, [asked], None, where="here")
    except ViNerError:
        return
    assert all(to_code_points(text, [asked], unit, where="here") == found for unit in OFFSET_UNITS)


@given(text=texts())
def test_clusters_cover_the_text(text: str) -> None:
    starts = grapheme_starts(text)
    assert starts == sorted(set(starts)) and starts[:1] == ([0] if text else []) and all(s < len(text) for s in starts)


KEYS = [*ID_KEYS, *SPAN_KEYS, "text", "offset_unit", "annotator", "confirmed", "group", "published"]
spans_like = st.lists(
    st.lists(st.integers(-1, 9) | json_values, min_size=2, max_size=4)
    | st.fixed_dictionaries({"start_offset": json_values, "end": json_values, "label": json_values}),
    max_size=3,
)
hostile_rows = st.fixed_dictionaries(
    {}, optional={key: json_values | (spans_like if key in SPAN_KEYS else st.just("a😀b")) for key in KEYS}
)


@given(row=hostile_rows | json_values)
def test_any_json_is_read_or_refused_with_one_line(row: Any, scratch: Path) -> None:
    line = json.dumps(row)
    (scratch / "any.jsonl").write_text(line, encoding="utf8")
    with zipfile.ZipFile(scratch / "any.zip", "w") as archive:
        archive.writestr("an\n.jsonl", line)
    for name in ("any.jsonl", "any.zip"):
        for read in (read_annotations, read_articles):
            try:
                (item,) = read(scratch / name)
            except ViNerError as error:
                assert str(error).isprintable() and error.where  # one line, nothing that a terminal obeys
            else:
                assert isinstance(item.text, str) and item.text == row["text"]
