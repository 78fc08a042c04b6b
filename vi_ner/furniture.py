"""Furniture: what a site puts around its articles (see `ingest`), left out of annotation, training and scores.

Annotators may be given the article without it. Their spans then count another text than the article's, and `put_back`
gives them the offsets of the whole. In a gold Doc furniture that nobody read is *missing* annotation, spaCy's own term:
neither entity nor none, so that training learns nothing from it and a prediction there is neither right nor wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

from .errors import ViNerError
from .records import Annotation, Article, Span

if TYPE_CHECKING:
    from spacy.tokens import Doc

FURNITURE = "furniture"
Stretch = tuple[int, int]  # code points, the end excluded


def find_furniture(text: str, meta: Mapping[str, Any], *, where: str) -> tuple[Stretch, ...]:
    """The furniture among the `parts` in an article's metadata; none where there are no parts.

    RAISES (ViNerError): The parts do not cover the text, so they are those of another one.
    """
    try:
        parts = [(int(part["start"]), int(part["end"]), part["part"]) for part in meta.get("parts") or ()]
    except (KeyError, TypeError, ValueError):
        parts = [(-1, -1, "")]
    if parts and [start for start, _, _ in parts] != [0, *(end for _, end, _ in parts[:-1])]:
        raise ViNerError("Its `parts` do not follow each other.", where=where, fix="Ingest the article again.")
    if parts and parts[-1][1] != len(text):
        raise ViNerError(
            f"Its `parts` end at {parts[-1][1]}, its text at {len(text)}.", where=where, fix="Ingest the article again."
        )
    return tuple((start, end) for start, end, part in parts if part == FURNITURE)


def cut_out(text: str, stretches: Iterable[Stretch]) -> str:
    """The text without the stretches."""
    return "".join(text[start:end] for start, end in _between(text, stretches))


def without_furniture(article: Article) -> Article:
    """The article as annotators may read it, without its furniture and its `parts`; the text may be empty.

    RAISES (ViNerError): See `find_furniture`.
    """
    meta = {key: value for key, value in article.meta.items() if key != "parts"}
    furniture = find_furniture(article.text, article.meta, where=article.doc_id)
    return Article(article.doc_id, cut_out(article.text, furniture), meta)


def put_back(annotation: Annotation, article: Article) -> Annotation | None:
    """The annotation of a text without furniture as one of the whole article; None where it is of another text.

    A span from one side of a piece of furniture to the other holds it afterwards.
    """
    furniture = find_furniture(article.text, article.meta, where=article.doc_id)
    if annotation.text != cut_out(article.text, furniture):
        return None
    kept = _between(article.text, furniture)
    begins = [0, *accumulate(end - start for start, end in kept)]

    def place(position: int) -> int:
        number = bisect_right(begins, position) - 1
        return kept[number][0] + position - begins[number]

    spans = tuple(Span(place(span.start), place(span.end - 1) + 1, span.label) for span in annotation.spans)
    return replace(annotation, text=article.text, spans=spans, unread=furniture)


def touches(start: int, end: int, stretches: Iterable[Stretch]) -> bool:
    """Whether the code points from `start` to `end` and one of the stretches have one in common."""
    return any(first < end and start < last for first, last in stretches)


def unread_stretches(gold: Doc) -> tuple[Stretch, ...]:
    """The stretches of a gold document for which annotation is missing."""
    runs = [list(run) for missing, run in groupby(gold, key=lambda token: token.ent_iob == 0) if missing]
    return tuple((run[0].idx, run[-1].idx + len(run[-1])) for run in runs)


def require_parts(metas: Sequence[Mapping[str, Any]]) -> None:
    """RAISES (ViNerError): Not one document has `parts`, so there is no furniture to leave out."""
    if not any(meta.get("parts") for meta in metas):
        raise ViNerError(
            "Not one document has `parts`, so it is not known what furniture is.",
            fix="Take articles that `ingest` has written (for `convert`, with --articles), or leave the option out.",
        )


def _between(text: str, stretches: Iterable[Stretch]) -> list[Stretch]:
    borders = [0, *(border for stretch in stretches for border in stretch), len(text)]
    return [(start, end) for start, end in zip(borders[::2], borders[1::2], strict=True) if start < end]
