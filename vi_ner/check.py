"""A linter for gold annotations: what breaks a rule of the guidelines, and what is worth a second look.

Findings of a *rule* are mistakes. Findings to *read* are places where one surface is treated in two ways; often both
are right, so they are listed and never forced.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from .records import Annotation, Span

# Rule 1 for all labels: what a span never starts or ends with.
EDGES = " \t\n\r_\"“”'‘’«»()[]{},;:!?…"
# Titles, jobs and forms of address that stay out of PER (guidelines, PER 2).
TITLES = ("ông", "bà", "anh", "chị", "cô", "chú", "em", "bé", "cậu", "dì", "cụ", "thầy", "ts", "gs", "pgs", "bs", "ths")
LONG_TITLES = (
    *("tổng thống", "thủ tướng", "chủ tịch", "giám đốc", "bộ trưởng", "bác sĩ", "luật sư", "giáo sư", "tiến sĩ"),
    *("đại tá", "thượng tá", "trung tá", "thiếu tá", "đại úy", "thiếu tướng", "trung tướng"),
)
# Class nouns that belong to the name they precede (ORG 2, LOC 2 and the settled questions).
CLASS_NOUNS = {
    "LOC": (
        *("tỉnh", "thành phố", "quận", "huyện", "thị xã", "thị trấn", "phường", "xã", "thôn", "ấp", "xóm", "sông"),
        *("suối", "đảo", "núi", "đèo", "chợ", "cầu", "đường", "sân bay", "vịnh", "bán đảo", "quần đảo", "quốc lộ"),
    ),
    "ORG": (
        *("công ty", "tập đoàn", "ngân hàng", "bệnh viện", "trường", "đại học", "báo", "đài", "câu lạc bộ", "clb"),
        "htx",
    ),
}


@dataclass(frozen=True)
class Finding:
    """Something about a span. kind: `rule` or `read`."""

    kind: str
    doc_id: str
    text: str
    label: str
    message: str


def check_annotations(annotations: Sequence[Annotation]) -> list[Finding]:
    """All findings: those of rules first, then those to read, each in order of documents."""
    findings = [finding for annotation in annotations for finding in _check_document(annotation)]
    findings += _several_labels(annotations)
    return sorted(findings, key=lambda finding: finding.kind != "rule")


def _check_document(annotation: Annotation) -> Iterator[Finding]:
    for span in annotation.spans:
        surface = annotation.text[span.start : span.end]
        for kind, message in _check_span(annotation, span, surface):
            yield Finding(kind, annotation.doc_id, surface, span.label, message)
    yield from _unmarked_repeats(annotation)


def _check_span(annotation: Annotation, span: Span, surface: str) -> Iterator[tuple[str, str]]:
    folded = surface.replace("_", " ").casefold()
    if surface != surface.strip(EDGES):
        yield "rule", "a blank, quote, bracket or comma at its edge"
    if "\n" in surface:
        yield "rule", "goes over a line end"
    words = folded.split()
    if span.label == "PER" and len(words) > 1 and (words[0] in TITLES or folded.startswith(LONG_TITLES)):
        yield "read", "begins with a title or a form of address"
    before = annotation.text[: span.start].replace("_", " ").casefold().rstrip()
    for noun in CLASS_NOUNS.get(span.label, ()):
        if before.endswith(" " + noun) and not folded.startswith(noun):
            yield "read", f"the class noun {noun!r} stands before it, outside"


def _unmarked_repeats(annotation: Annotation) -> Iterator[Finding]:
    """Names of two syllables or more that are marked once and stand unmarked elsewhere in the article."""
    inside = [False] * len(annotation.text)
    for span in annotation.spans:
        inside[span.start : span.end] = [True] * (span.end - span.start)
    names = {(annotation.text[span.start : span.end], span.label) for span in annotation.spans}
    for name, label in sorted(names):
        if len(name.replace("_", " ").split()) < 2:
            continue
        for match in regex.finditer(rf"(?<!\w){regex.escape(name)}(?!\w)", annotation.text):
            if not any(inside[match.start() : match.end()]):
                yield Finding("read", annotation.doc_id, name, label, f"unmarked at {match.start()}")


def _several_labels(annotations: Sequence[Annotation]) -> Iterator[Finding]:
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    first: dict[str, str] = {}
    for annotation in annotations:
        for span in annotation.spans:
            surface = annotation.text[span.start : span.end].replace("_", " ")
            labels[surface][span.label] += 1
            first.setdefault(surface, annotation.doc_id)
    for surface, counts in sorted(labels.items()):
        if len(counts) > 1:
            shares = ", ".join(f"{label} {count}" for label, count in counts.most_common())
            yield Finding("read", first[surface], surface, counts.most_common(1)[0][0], f"has several labels: {shares}")
