"""The parts of an article, marked and not deleted: stretches that together cover the text exactly.

Where a page's structure says what a line is, that stands (`hints`); the rest is decided by form and by repetition in
the document. Repetition across documents is known only when all have been read: `mark_repeated` adds it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

import regex

from .forms import fold_line
from .marks import Marks

PARTS = ("headline", "lead", "body", "caption", "byline", "source", "furniture")
LINES = regex.compile(r"[^\n]*\n|[^\n]+")
# The end of an article that is one line: `Nguyễn_Tiến ( Theo KCNA , AFP )`.
TAIL = regex.compile(
    r"(?<=[.!?…”\"])\s*(?P<byline>(?:\p{Lu}[\p{L}\p{M}_.]*\s+){1,4})?(?P<source>\(\s*[Tt]heo[\s_][^()]{2,60}\))\s*$"
)


@dataclass(frozen=True)
class Part:
    """Code points `start` (included) to `end` (excluded) of a text, and what they are: one of PARTS."""

    start: int
    end: int
    part: str


def split_lines(text: str) -> list[str]:
    """The lines with their ends; joined they are the text."""
    return LINES.findall(text)


def mark_parts(text: str, *, hints: Sequence[str | None] | None = None) -> list[Part]:
    """The parts of a text. hints: For every line what the page's structure says it is, or None."""
    lines = split_lines(text)
    marks = Marks(lines, hints or [None] * len(lines)).decide()
    return list(_merge(text, lines, marks))


def mark_repeated(text: str, parts: Sequence[Part], repeated: Container[str]) -> list[Part]:
    """The parts with lines that many other documents have (`repeated`, folded) as furniture."""
    lines, marks, start = split_lines(text), [], 0
    spans = iter(parts)
    span = next(spans, None)
    for line in lines:
        while span is not None and span.end <= start:
            span = next(spans, None)
        part = span.part if span else "body"
        marks.append("furniture" if part in ("body", "lead", "caption") and fold_line(line) in repeated else part)
        start += len(line)
    return list(_merge(text, lines, marks)) if "furniture" in marks else list(parts)


def without_furniture(text: str, parts: Sequence[Part]) -> str:
    """What a reader came for; the empty string where all is furniture."""
    return "".join(text[part.start : part.end] for part in parts if part.part != "furniture")


def _merge(text: str, lines: Sequence[str], marks: Sequence[str]) -> Iterator[Part]:
    """Neighbouring lines of one part as one stretch; a blank line belongs to what precedes it."""
    start = end = 0
    current = ""
    for line, mark in zip(lines, marks, strict=True):
        if line.strip() and mark != current:
            if current:
                yield Part(start, end, current)
                start = end
            current = mark
        end += len(line)
    if not text:
        return
    last = Part(start, end, current or "furniture")
    tail = TAIL.search(text, start) if last.part in ("body", "lead") else None
    yield from _split_tail(last, tail) if tail else (last,)


def _split_tail(last: Part, tail: regex.Match[str]) -> Iterator[Part]:
    borders = [(tail.start("byline"), "byline"), (tail.start("source"), "source")]
    start, name = last.start, last.part
    for border, part in borders:
        if border >= 0:
            yield Part(start, border, name)
            start, name = border, part
    yield Part(start, last.end, name)
