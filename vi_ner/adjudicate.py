"""One gold version of each document: agreed versions pass through, the others are decided in a Doccano project."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from .agreement import versions_by_document
from .doccano.versions import Row
from .errors import ViNerError
from .pull import Fetched, fetch_versions, to_row, write_rows
from .push import article_rows, push_rows
from .records import Annotation, Article, Span, entity_row, read_label_types

GUIDELINE = """# Choose one version

Spans that all annotators marked alike have a plain label (`PER`). Where they differ, every version is shown under its
own label with the annotators' names: `PER (an)`, `ORG (binh)`.

1. Delete the versions that are wrong. What remains counts; its names are taken off.
2. If none is right, delete them all, and mark what is right with a plain label.
3. Press the tick when the document is finished. Spans that still overlap are sent back to you.
"""


@dataclass(frozen=True)
class Adjudication:
    """How far it has come. unresolved: Confirmed documents in which spans still overlap, and which."""

    agreed: int
    decided: int
    waiting: int
    unresolved: dict[str, str]
    address: str | None
    kept: Path | None


def adjudicate(
    versions: Sequence[Annotation],
    *,
    project: str,
    labels: Path,
    output: Path,
    root: Path,
    building: Callable[[str], None] = lambda name: None,
) -> Adjudication:
    """Send the documents whose versions differ to a Doccano project, fetch what was decided there, and write the gold.

    Run it as often as you like: nothing is sent twice, and `output` grows with the decisions. Each row has the version
    that counts and, under `versions`, all that it was chosen from.
    RAISES (ViNerError): What `push_rows` and `fetch_versions` raise, or versions that changed since they were sent.
    """
    groups = versions_by_document(versions)
    disputed = {key: group for key, group in groups.items() if len({version.spans for version in group}) > 1}
    gold = [_agreed(group) for key, group in groups.items() if key not in disputed]
    agreed = len(gold)
    address: str | None = None
    unresolved: dict[str, str] = {}
    if disputed:
        rows = dispute_rows(disputed)
        push = push_rows(
            rows,
            project=project,
            description=f"{len(disputed)} documents whose versions differ",
            labels=_labels(read_label_types(labels), rows),
            guideline=GUIDELINE,
            root=root,
            shared=True,
            overlap=True,
            building=building,
        )
        address = push.address
        found, unresolved = decided(fetch_versions(project, root=root), disputed, rows)
        gold += found
    gold.sort(key=lambda row: row["doc_uid"])
    return Adjudication(
        agreed=agreed,
        decided=len(gold) - agreed,
        waiting=len(groups) - len(gold),
        unresolved=unresolved,
        address=address,
        kept=write_rows(gold, output),
    )


def dispute_rows(disputed: dict[str, list[Annotation]]) -> list[Row]:
    """Import rows in which every span of every version stands, under a label that says whose it is."""
    articles, spans = [], {}
    for doc_id, group in disputed.items():
        owners: dict[Span, list[str]] = defaultdict(list)
        for version in group:
            for span in version.spans:
                owners[span].append(version.annotator)
        articles.append(Article(doc_id, group[0].text, group[0].meta))
        spans[doc_id] = [
            span if len(names) == len(group) else Span(span.start, span.end, _name(span.label, names))
            for span, names in sorted(owners.items())
        ]
    return article_rows(articles, spans, source="versions")


def _name(label: str, annotators: Sequence[str]) -> str:
    return f"{label} ({', '.join(annotators)})"[:100]  # as long as Doccano allows


def _split(name: str) -> tuple[str, list[str]]:
    label, _, annotators = name.removesuffix(")").partition(" (")
    return label, annotators.split(", ") if annotators else []


def _labels(labels: list[dict[str, Any]], rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The plain labels, and paler ones without shortcuts for the versions."""
    plain = {label["text"]: label for label in labels}
    found = sorted({name for row in rows for _, _, name in row["label"]} - plain.keys())
    return labels + [
        {"text": name, "background_color": _pale(plain[_split(name)[0]]["background_color"]), "text_color": "#000000"}
        for name in found
    ]


def _pale(color: str) -> str:
    """A colour mixed with two parts of white."""
    return "#" + "".join(f"{(int(color[i : i + 2], 16) + 2 * 255) // 3:02x}" for i in (1, 3, 5))


def decided(
    fetched: Fetched, disputed: dict[str, list[Annotation]], rows: Sequence[Row]
) -> tuple[list[Row], dict[str, str]]:
    """Gold rows of the confirmed documents, and those in which spans still overlap."""
    sent = {row["doc_uid"]: row["suggested"] for row in rows}
    gold, unresolved = [], {}
    for version in fetched.touched:
        doc_id = version["meta"].get("doc_uid")
        if doc_id not in disputed or not version["confirmed"]:
            continue
        if version["meta"]["suggested"] != sent[doc_id]:
            raise ViNerError(
                f"The versions of {doc_id} have changed since they were sent to be decided.",
                where=fetched.address,
                fix="Adjudicate the changed versions under another --project, or take the earlier files.",
            )
        row = to_row(version, fetched.offset_unit)
        entities = _chosen(row["entities"])
        clash = next((f"{a['text']!r}, {b['text']!r}" for a, b in _overlaps(entities)), None)
        if clash:
            unresolved[doc_id] = clash
        else:
            gold.append(row | {"entities": entities, "versions": _history(disputed[doc_id])})
    return gold, unresolved


def _chosen(entities: Sequence[Row]) -> list[Row]:
    """Entities with plain labels and, under `chosen_from`, whose they were; equal ones once."""
    chosen: dict[tuple[int, int, str], Row] = {}
    for entity in entities:
        label, names = _split(entity["label"])
        key = (entity["start_offset"], entity["end_offset"], label)
        known = chosen.setdefault(key, entity | {"label": label, "chosen_from": []})
        known["chosen_from"] += names
    return [chosen[key] for key in sorted(chosen)]


def _overlaps(entities: Sequence[Row]) -> list[tuple[Row, Row]]:
    return [(a, b) for a, b in pairwise(entities) if b["start_offset"] < a["end_offset"]]


def _agreed(group: Sequence[Annotation]) -> Row:
    first = group[0]
    return {
        "doc_uid": first.doc_id,
        "text": first.text,
        "entities": _entities(first),
        "offset_unit": "codepoint",
        "annotator": ", ".join(version.annotator for version in group),
        "confirmed": True,
        "approver": None,
        **first.meta,
        "versions": _history(group),
    }


def _history(group: Sequence[Annotation]) -> list[Row]:
    return [
        {"annotator": version.annotator, "confirmed": version.confirmed, "entities": _entities(version)}
        for version in group
    ]


def _entities(version: Annotation) -> list[Row]:
    return [entity_row(version.text, span) for span in version.spans]
