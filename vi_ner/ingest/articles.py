"""From a piece to an article: its source text, which never changes again, its parts, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import Any

import regex

from ..rows import LONGEST_TEXT
from .encodings import Reading, UndecodableError, decode, repair, whole_characters
from .pages import Page, read_page
from .parts import Part, mark_parts, split_lines
from .sources import Piece

# Keys that ingestion itself writes: a row that comes in with them does not keep them.
OWN_KEYS = {"segmented", "segmenter", "story", "parts", "flags", "provenance", "decomposed"}


@dataclass(frozen=True)
class Draft:
    """An article before anything is known about the others.

    doc_id: The row's own id, or empty. damage: Why the text looks damaged, or empty.
    meta: title, author, published, source, url, group and what else the row had, where known.
    """

    doc_id: str
    text: str
    parts: list[Part]
    meta: dict[str, Any]
    damage: str
    provenance: dict[str, Any]


def draft(piece: Piece, *, encoding: str | None = None) -> Draft:
    """The article of a piece.

    RAISES (UndecodableError): Its bytes cannot be read as text with evidence, or there is no text in it.
    """
    if piece.kind == "row":
        reading = Reading("", "", "")
        page = _row_page(piece.row)
    else:
        reading = decode(piece.data, encoding=encoding)
        page = read_page(reading.text) if piece.kind == "html" else Page(split_lines(reading.text), [], {})
    mended = repair("".join(page.lines) if page.hints == [] else "\n".join(page.lines))
    if not mended.text.strip():
        raise UndecodableError("No text in it.")
    if len(mended.text) > LONGEST_TEXT:
        raise UndecodableError(f"A text of more than {LONGEST_TEXT:,} characters: split it into several.")
    lines = split_lines(mended.text)
    hints: Sequence[str | None] | None = page.hints if len(page.hints) == len(lines) else None
    is_html = piece.kind == "html" or "html" in piece.row
    given = {key: value for key, value in piece.row.items() if key not in {"id", "text", "html", *OWN_KEYS}}
    meta = {key: repair(value).text if isinstance(value, str) else value for key, value in page.meta.items()}
    meta |= {key: value for key, value in given.items() if value not in (None, "")}
    if "published" in meta:
        meta["published"] = _iso_date(meta["published"])
    provenance = {
        "file": piece.name,
        "sha256": piece.sha256,
        "encoding": reading.encoding,
        "evidence": reading.evidence,
        "repaired": mended.how,
        "extractor": _html_extractor() if is_html else "",
        "date": piece.modified,
    }
    return Draft(
        doc_id=whole_characters(str(piece.row.get("id", ""))),
        text=mended.text,
        parts=mark_parts(mended.text, hints=hints),
        meta={whole_characters(key): _plain(value) for key, value in meta.items()},
        damage=mended.doubtful or reading.doubtful,
        provenance={key: value for key, value in provenance.items() if value},
    )


def _row_page(row: dict[str, Any]) -> Page:
    """A row as a page: its HTML, or its text below its title and lead where it does not begin with them."""
    if isinstance(row.get("html"), str) and row["html"].strip():
        return read_page(whole_characters(row["html"]))
    text, above = row["text"], []
    for key, part in (("title", "headline"), ("lead", "lead")):
        value = row.get(key)
        if isinstance(value, str) and value.strip() and value.strip() not in text[: 3 * len(value) + 200]:
            above.append((value.strip(), part))
    if not above:
        return Page(split_lines(text), [], {})
    body = text.split("\n")
    lines = [line for value, _ in above for line in (*value.split("\n"), "")]
    hints: list[str | None] = [part for value, part in above for _ in (*value.split("\n"), "")]
    return Page(lines + body, hints + [None] * len(body), {})


def _plain(value: Any) -> str | int | float:
    return value if isinstance(value, (int, float)) else whole_characters(str(value))


@cache
def _html_extractor() -> str:
    return f"trafilatura {version('trafilatura')}, htmldate {version('htmldate')}"


def _iso_date(value: Any) -> str:
    """The date as ISO where it is one: ISO with a time, day/month/year, a datetime; else as it came."""
    text = str(value).strip()
    match = regex.match(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?$", text)
    found = regex.search(r"(?<!\d)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?!\d)", text)
    try:
        if match:
            return match[1]
        return datetime(int(found[3]), int(found[2]), int(found[1])).date().isoformat() if found else text
    except ValueError:
        return text
