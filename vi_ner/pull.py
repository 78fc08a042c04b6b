"""Annotations from Doccano: one row for each version that somebody worked on, in code points, each span proved."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .client import run_client
from .doccano.versions import Row, is_untouched, text_hash
from .errors import ViNerError
from .files import replacing_file
from .graphemes import grapheme_starts
from .records import Span, entity_row, to_code_points

OWN_KEYS = {"doc_uid", "text_sha256", "suggested"}  # what a push adds to the metadata
STATES = ("confirmed", "approved")


@dataclass(frozen=True)
class Fetched:
    """Versions as Doccano has them: `touched` ones whole, of the others the number. offset_unit: What spans count."""

    address: str
    documents: int
    offset_unit: str
    touched: list[Row]
    untouched: int
    left: tuple[str, ...]


@dataclass(frozen=True)
class Pull:
    """What a pull has brought.

    documents: On the server. rows: Versions written. untouched: Versions that nobody worked on, left out.
    kept: Where the file of an earlier pull is now. left: Users with confirmed documents who are no longer members, so
    that Doccano leaves their versions out.
    """

    address: str
    documents: int
    rows: int
    untouched: int
    annotators: dict[str, int]
    kept: Path | None
    left: tuple[str, ...]


def pull_annotations(
    project: str,
    output: Path,
    *,
    root: Path,
    only: str | None = None,
    building: Callable[[str], None] = lambda name: None,
) -> Pull:
    """Download every version of every document of a project that somebody worked on.

    output: JSONL, one row for each document and annotator, which `records.read_annotations` reads: spans in code points
        with the text they cover, annotator, confirmed, approver, and the article's metadata. The file of an earlier
        pull is kept beside it under its date.
    only: `confirmed` or `approved`, for those versions alone.
    RAISES (ViNerError): No server, no such project, a text that was changed on the server, a span that is no stretch
        of its text, a document that is there twice, or the disk refuses; `output` is then as it was.
    """
    if only not in (None, *STATES):
        raise ViNerError(f"Found {only!r}, expected {' or '.join(STATES)}.", fix="Check --only.")
    fetched = fetch_versions(project, root=root, building=building)
    rows = [to_row(version, fetched.offset_unit) for version in fetched.touched if _counts(version, only)]
    rows.sort(key=lambda row: (row["doc_uid"], row["annotator"]))
    kept = write_rows(rows, output)
    names = sorted({row["annotator"] for row in rows})
    return Pull(
        address=fetched.address,
        documents=fetched.documents,
        rows=len(rows),
        untouched=fetched.untouched,
        annotators={name: sum(row["annotator"] == name for row in rows) for name in names},
        kept=kept,
        left=fetched.left,
    )


def fetch_versions(project: str, *, root: Path, building: Callable[[str], None] = lambda name: None) -> Fetched:
    """What the server holds of a project.

    RAISES (ViNerError): No server, no such project, or work in two copies of one document.
    """
    with (
        run_client("pull", {"project": project}, root=root, building=building) as (result, folder),
        (folder / "versions.jsonl").open(encoding="ascii") as stream,
    ):
        versions = [json.loads(line) for line in stream]
    touched = [version for version in versions if not is_untouched(version)]
    _refuse_copies(touched, project)
    return Fetched(
        address=result["address"],
        documents=result["documents"],
        offset_unit=result["offset_unit"],
        touched=touched,
        untouched=len(versions) - len(touched),
        left=tuple(result["left"]),
    )


def write_rows(rows: list[Row], output: Path) -> Path | None:
    """Write rows as JSONL; where an earlier file with other content is now."""
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf8")
    kept = None
    if output.is_file() and output.read_bytes() != content:
        time = datetime.fromtimestamp(output.stat().st_mtime, timezone.utc).strftime("%Y%m%dT%H%M%S%f")
        kept = output.with_name(f"{output.name}.{time}")  # no .jsonl at its end: nobody reads it by mistake
        with replacing_file(kept) as path:
            shutil.copy2(output, path)
    with replacing_file(output) as path:
        path.write_bytes(content)
    return kept


def _counts(version: Row, only: str | None) -> bool:
    return {"confirmed": version["confirmed"], "approved": bool(version["approver"])}.get(only or "", True)


def _refuse_copies(versions: list[Row], project: str) -> None:
    """RAISES (ViNerError): People have worked on two copies of a document."""
    copies = defaultdict(set)
    for version in versions:
        copies[_doc_uid(version)].add(version["id"])
    for doc_uid, ids in copies.items():
        if len(ids) > 1:
            raise ViNerError(
                f"Document {doc_uid} is there {len(ids)} times (numbers {', '.join(map(str, sorted(ids)))}), and work "
                "is in more than one copy.",
                where=f"project {project}",
                fix="Bring the work together in one copy, delete the others in Doccano, and pull again.",
            )


def _doc_uid(version: Row) -> str:
    return str(version["meta"].get("doc_uid") or version["id"])


def to_row(version: Row, unit: str) -> Row:
    """A version as a row of an annotation file. RAISES (ViNerError): Its spans or its text cannot be trusted."""
    doc_uid, text, meta = _doc_uid(version), version["text"], version["meta"]
    where = f"document {doc_uid}, annotator {version['annotator'] or '(nobody yet)'}"
    said = meta.get("text_sha256")
    if said and said != text_hash(text):
        raise ViNerError(
            "The text was changed on the server after it was pushed.",
            where=where,
            fix="Undo the change in Doccano, or push the changed article under a new id.",
        )
    if unit == "grapheme" and meta.get("suggested"):
        raise ViNerError(
            "Grapheme mode was turned on after suggestions were pushed: offsets now count two different things.",
            where=where,
            fix="Turn grapheme mode off in the project's settings.",
        )
    spans = [Span(int(start), int(end), label) for start, end, label in version["label"]]
    return {
        "doc_uid": doc_uid,
        "text": text,
        "entities": list(_entities(text, spans, unit, where)),
        "offset_unit": "codepoint",
        "annotator": version["annotator"],
        "confirmed": version["confirmed"],
        "approver": version["approver"],
        **{key: value for key, value in meta.items() if key not in OWN_KEYS and value != ""},
    }


def _entities(text: str, spans: list[Span], unit: str, where: str) -> Iterator[Row]:
    """Spans in code points with their surface, cut once in Doccano's own unit and once in ours.

    RAISES (ViNerError): The two differ.
    """
    spans = sorted(spans)
    for raw, span in zip(spans, to_code_points(text, spans, unit, where=where), strict=True):
        surface = text[span.start : span.end]
        if surface != _cut(text, raw, unit):
            raise ViNerError(f"{surface!r} is not what Doccano shows: {_cut(text, raw, unit)!r}.", where=where)
        yield entity_row(text, span)


def _cut(text: str, span: Span, unit: str) -> str:
    if unit == "grapheme":
        borders = [*grapheme_starts(text), len(text)]
        return text[borders[span.start] : borders[span.end]]
    return text.encode("utf-16-le")[2 * span.start : 2 * span.end].decode("utf-16-le", errors="replace")
