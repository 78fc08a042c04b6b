"""Articles and annotations, and the shapes of the files they come in: the one place that knows them.

Doccano has written annotations under three names: `label` (`[[start, end, "PER"], …]`), `labels` (older, the same) and
`entities` (`[{"start_offset", "end_offset", "label"}, …]`, projects with relations). It exports JSONL, or a ZIP with
one JSONL file per annotator in which every document stands, untouched ones with no labels.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

import regex

from .errors import ViNerError
from .graphemes import grapheme_starts
from .rows import check_length, open_zip, read_json, read_rows, reading

SPAN_KEYS = ("label", "labels", "entities", "annotations")
ID_KEYS = ("doc_uid", "doc_id", "id")
OFFSET_UNITS = ("codepoint", "utf16", "grapheme")
# Keys of a Doccano row that say something about the row and not about the article.
ROW_KEYS = {*SPAN_KEYS, *ID_KEYS, "text", "relations", "Comments", "comments", "cats", "offset_unit"}
# … and those that `doccano-pull` and `adjudicate` add.
ROW_KEYS |= {"annotator", "confirmed", "approver", "versions"}


@dataclass(frozen=True, order=True)
class Span:
    """A labelled stretch of a text: code points `start` (included) to `end` (excluded)."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Article:
    """A text and what is known about it. `meta` has `source`, `published`, `group`, `segmented`, `genre`, `topic`, …"""

    doc_id: str
    text: str
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Annotation:
    """One annotator's spans over one document. `where` is the file and line it came from.

    confirmed: Whether the annotator declared it finished; an empty version counts as gold only then.
    unread: Stretches of the text, in code points, that were not annotated; see `furniture`.
    mended: Spans that the file held in a faulty form, with what was done to them.
    """

    doc_id: str
    text: str
    spans: tuple[Span, ...]
    meta: dict[str, Any]
    annotator: str
    where: str
    confirmed: bool = False
    unread: tuple[tuple[int, int], ...] = ()
    mended: Mapping[Span, str] = field(default_factory=dict)


def read_labels(path: Path) -> list[str]:
    """The label names of `annotations/labels.json`, in order.

    RAISES (ViNerError): The file is missing or not a list of objects with `text`, each another one.
    """
    return [row["text"] for row in read_label_types(path)]


def read_label_types(path: Path) -> list[dict[str, Any]]:
    """The labels of `annotations/labels.json` as Doccano takes them: with `text`, key and colours.

    RAISES (ViNerError): As `read_labels`.
    """
    fix = 'Expected Doccano\'s form: [{"text": "PER", …}, …].'
    rows = read_json(path, fix=fix)
    try:
        labels = [row["text"] for row in rows]
        if not labels or not all(isinstance(label, str) and label.strip() for label in labels):
            raise ValueError("a label without a name, or none at all")
        if len(set(labels)) < len(labels):
            raise ValueError("a label stands there twice")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"Not a list of labels ({type(error).__name__}: {error})."
        raise ViNerError(reason, where=str(path), fix=fix) from error
    return [dict(row) for row in rows]


def read_articles(path: Path) -> list[Article]:
    """All articles of a JSONL file or of the `*.jsonl` files of a folder, sorted by file name.

    RAISES (ViNerError): A line is not a JSON object with an id and a text, or an id occurs twice.
    """
    articles: dict[str, Article] = {}
    for file in _jsonl_files(path):
        with reading(file), file.open(encoding="utf8") as stream:
            for where, row in read_rows(stream, str(file)):
                doc_id, text = _id_and_text(row, where)
                if doc_id in articles:
                    raise ViNerError(
                        f"The document id {doc_id!r} occurs twice.", where=where, fix="Ids must be unique."
                    )
                articles[doc_id] = Article(doc_id, text, _meta(row))
    return list(articles.values())


def read_annotations(path: Path, *, offset_unit: str | None = None) -> list[Annotation]:
    """All annotations of a Doccano export: a JSONL file, a ZIP, or a folder of either.

    offset_unit: What the offsets count (`codepoint`, `utf16` or `grapheme`), for rows that do not say so in a key
        `offset_unit`. It matters only where the three differ: emoji, combining marks, CR LF.
    RAISES (ViNerError): Nothing there, not JSON, no id or text, spans of no known shape, or offsets whose unit
        matters and is not given.
    """
    annotations: list[Annotation] = []
    for file in _jsonl_files(path, also_zip=True):
        with reading(file):
            for name, stream in _open_export(file):
                with stream:
                    for where, row in read_rows(stream, str(file) if name is None else f"{file}/{name}"):
                        annotator = "" if name is None else PurePosixPath(name).stem
                        annotations.append(_annotation(row, where, annotator=annotator, offset_unit=offset_unit))
    if not annotations:
        raise ViNerError(
            "The export is empty: not one document in it.",
            where=str(path),
            fix="In Doccano, export the dataset with all documents (not only approved ones) and try again.",
        )
    return annotations


def _jsonl_files(path: Path, *, also_zip: bool = False) -> list[Path]:
    suffixes = {".jsonl", ".zip"} if also_zip else {".jsonl"}
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes)
    else:
        found = [path] if path.is_file() else []
    if not found:
        kinds = " or ".join(sorted(suffixes))
        raise ViNerError(f"No {kinds} file there.", where=str(path), fix="Check the path.")
    return found


def _open_export(file: Path) -> Iterator[tuple[str | None, IO[str]]]:
    if file.suffix.lower() == ".zip":
        yield from open_zip(file)
    else:
        yield None, file.open(encoding="utf8")


def _id_and_text(row: dict[str, Any], where: str) -> tuple[str, str]:
    key = next((key for key in ID_KEYS if row.get(key) not in (None, "")), None)
    if key is None or not isinstance(row[key], (str, int, float)):
        raise ViNerError(f"No document id: none of {', '.join(ID_KEYS)}.", where=where, fix="Give every row its own.")
    if not isinstance(row.get("text"), str):
        raise ViNerError("No `text`.", where=where, fix="Expected a row with a string under `text`.")
    return str(row[key]), check_length(row["text"], where)


def _meta(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ROW_KEYS}


def _annotation(row: dict[str, Any], where: str, *, annotator: str, offset_unit: str | None) -> Annotation:
    doc_id, text = _id_and_text(row, where)
    where = f"{where} (document {doc_id})"
    raw_spans = _raw_spans(row, where)
    spans = to_code_points(
        text, [_span(raw, where) for raw in raw_spans], row.get("offset_unit") or offset_unit, where=where
    )
    _check_surfaces(text, raw_spans, spans, where)
    named = row.get("annotator") or annotator
    if not isinstance(named, (str, int)):
        raise ViNerError(f"Found the annotator {reprlib.repr(named)}, expected a name.", where=where)
    return Annotation(doc_id, text, spans, _meta(row), str(named), where, bool(row.get("confirmed")))


def read_spans(row: dict[str, Any], text: str, where: str) -> list[Span]:
    """The spans of a row, which count code points of `text`.

    RAISES (ViNerError): They have no known shape, or are no stretches of the text.
    """
    return list(to_code_points(text, [_span(raw, where) for raw in _raw_spans(row, where)], "codepoint", where=where))


def _check_surfaces(text: str, raw_spans: list[Any], spans: Iterable[Span], where: str) -> None:
    """RAISES (ViNerError): Rows that say what their spans cover (`text`) say something else than the text."""
    said = [raw["text"] for raw in raw_spans if isinstance(raw, dict) and "text" in raw]
    found = sorted(text[span.start : span.end] for span in spans)
    if said and (not all(isinstance(surface, str) for surface in said) or sorted(said) != found):
        raise ViNerError(
            f"Spans cover {reprlib.repr(found)}, but say that they cover {reprlib.repr(said)}.",
            where=where,
            fix="The row was changed after it was pulled. Pull it again.",
        )


def _raw_spans(row: dict[str, Any], where: str) -> list[Any]:
    keys = [key for key in SPAN_KEYS if key in row]
    filled = [key for key in keys if row[key]]
    if len(filled) > 1:
        raise ViNerError(f"Found spans under {' and '.join(filled)}.", where=where, fix="Keep the ones that count.")
    key = next(iter([*filled, *keys]), None)
    if key is None or not isinstance(row[key], list):
        raise ViNerError(
            f"No list of spans under any of {', '.join(SPAN_KEYS)}.",
            where=where,
            fix="Export a sequence labelling project as JSONL.",
        )
    return row[key]


def _span(raw: Any, where: str) -> Span:
    """A span from `[start, end, label]` or from an object with `start_offset`, `end_offset` and `label`."""
    if isinstance(raw, dict):
        raw = [
            raw.get("start_offset", raw.get("start")),
            raw.get("end_offset", raw.get("end")),
            raw.get("label"),
        ]
    if isinstance(raw, list) and len(raw) == 3:
        start, end, label = raw
        if _is_whole(start) and _is_whole(end) and isinstance(label, str):
            return Span(int(start), int(end), label)
    raise ViNerError(f"Found the span {reprlib.repr(raw)}, expected [start, end, label].", where=where)


def _is_whole(value: Any) -> bool:
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


def entity_row(text: str, span: Span) -> dict[str, Any]:
    """A span in code points as annotation files have it, with what it covers."""
    return {
        "start_offset": span.start,
        "end_offset": span.end,
        "label": span.label,
        "text": text[span.start : span.end],
    }


def to_code_points(text: str, spans: Iterable[Span], unit: str | None, *, where: str) -> tuple[Span, ...]:
    """Spans whose offsets count `unit`, with offsets in code points.

    RAISES (ViNerError): An offset lies outside the text or inside a unit, or the unit is unknown while it matters:
        something before the end of the last span is longer in one unit than in another.
    """
    spans = sorted(spans)
    if unit is None:
        last = max((span.end for span in spans), default=0)
        _refuse_ambiguous(text, last, where)
        unit = "codepoint"
    if unit not in OFFSET_UNITS:
        raise ViNerError(f"Found the offset unit {unit!r}, expected one of {', '.join(OFFSET_UNITS)}.", where=where)
    position = dict(_boundaries(text, unit))
    converted = []
    for span in spans:
        if span.start not in position or span.end not in position or span.start >= span.end:
            raise ViNerError(
                f"The span [{span.start}, {span.end}, {span.label}] is not a stretch of its text, "
                f"which ends at {max(position)} ({unit} offsets).",
                where=where,
                fix="The offsets count something else, or the text was changed after annotation.",
            )
        converted.append(Span(position[span.start], position[span.end], span.label))
    return tuple(converted)


def from_code_points(text: str, spans: Iterable[Span], unit: str, *, where: str) -> list[Span]:
    """Spans with offsets in code points, with offsets that count `unit`: the inverse of `to_code_points`.

    RAISES (ViNerError): A span begins or ends inside a unit.
    """
    offset = {position: offset for offset, position in _boundaries(text, unit)}
    try:
        return [Span(offset[span.start], offset[span.end], span.label) for span in spans]
    except KeyError as error:
        raise ViNerError(f"A span has a border inside a {unit}, at code point {error}.", where=where) from error


def _boundaries(text: str, unit: str) -> Iterator[tuple[int, int]]:
    """Pairs (offset in `unit`, offset in code points) for every border between units."""
    if unit == "codepoint":
        yield from ((i, i) for i in range(len(text) + 1))
    elif unit == "utf16":
        offset = 0
        for i, char in enumerate(text):
            yield offset, i
            offset += 2 if ord(char) > 0xFFFF else 1
        yield offset, len(text)
    else:
        yield from enumerate([*grapheme_starts(text), len(text)])


def _refuse_ambiguous(text: str, end: int, where: str) -> None:
    """RAISES (ViNerError): Something that begins before `end` has another length in another unit."""
    clusters = (match[0] for match in regex.finditer(r"\X", text) if match.start() < end)
    found = next((cluster for cluster in clusters if len(cluster) > 1 or ord(cluster) > 0xFFFF), None)
    if found is None:
        return
    raise ViNerError(
        f"The export does not say what its offsets count, and {found!r} before a span counts differently.",
        where=where,
        fix="Give --offset-unit, or `offset_unit` in each row: `utf16` for a Doccano project with grapheme mode off, "
        "`grapheme` with it on, `codepoint` for Python offsets.",
    )
