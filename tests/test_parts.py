"""Parts, measured on hand-marked pages of our own in tests/data/pages.

`develop` was looked at while the rules were written; `measure` was written afterwards and only measured on. In a text
page every line begins with the first letter of its part (Y: byline); in HTML the elements have `data-part`.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from lxml import html as lxml_html

from vi_ner.ingest.pages import read_page
from vi_ner.ingest.parts import PARTS, Part, mark_parts, mark_repeated, split_lines, without_furniture

PAGES = Path(__file__).parent / "data" / "pages"
LETTERS = {"H": "headline", "L": "lead", "B": "body", "C": "caption", "Y": "byline", "S": "source", "F": "furniture"}


def read_marked(path: Path) -> tuple[str, list[str | None] | None, list[str]]:
    """The text as ingestion sees it, the page's hints, and the right part of every line that is not blank."""
    content = path.read_text(encoding="utf8")
    if path.suffix == ".txt":
        rows = [line.split("|", 1) for line in content.splitlines()]
        return "\n".join(text for _, text in rows), None, [LETTERS[mark] for mark, _ in rows if mark]
    marks = [
        element.get("data-part", "") for element in lxml_html.fromstring(content).iter() if element.get("data-part")
    ]
    page = read_page(regex.sub(r' data-part="\w+"', "", content))
    assert len(page.lines) == len(marks), path
    return "\n".join(page.lines), page.hints, marks


def part_of_lines(text: str, parts: list[Part]) -> list[str]:
    """The part of every line that is not blank."""
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert {part.part for part in parts} <= set(PARTS)
    found, start = [], 0
    for line in split_lines(text):
        if line.strip():
            first = start + len(line) - len(line.lstrip())
            found.append(next(part.part for part in parts if part.start <= first < part.end))
        start += len(line)
    return found


@pytest.mark.parametrize("folder", ["develop", "measure"])
def test_furniture_is_found_and_nothing_else(folder: str) -> None:
    seen: Counter[tuple[bool, bool]] = Counter()
    right = total = 0
    for path in sorted((PAGES / folder).iterdir()):
        text, hints, gold = read_marked(path)
        found = part_of_lines(text, mark_parts(text, hints=hints))
        seen.update((g == "furniture", f == "furniture") for g, f in zip(gold, found, strict=True))
        right += sum(g == f for g, f in zip(gold, found, strict=True))
        total += len(gold)
    precision = seen[True, True] / (seen[True, True] + seen[False, True])
    recall = seen[True, True] / (seen[True, True] + seen[True, False])
    assert total > 60 and precision >= 0.95 and recall >= 0.90, (precision, recall)
    assert right / total >= 0.85


@pytest.mark.parametrize(
    "text", ["", "\n\n", " \n", "Một dòng", "Một dòng\r\n\r\nhai dòng\r\n", "\ufeff\u200b", "a\x0cb\n" * 9]
)
def test_parts_cover_any_text(text: str) -> None:
    parts = mark_parts(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(left.end == right.start for left, right in pairwise(parts))


def test_the_end_of_a_segmented_line_is_its_byline_and_source() -> None:
    text = "Tàu Sao_Mai cập bến chiều 12/9 . Không ai bị thương . Ngô_Bảo ( Theo Tin_Biển , Bờ_Tây )"
    assert [(text[p.start : p.end].strip(), p.part) for p in mark_parts(text)][1:] == [
        ("Ngô_Bảo", "byline"),
        ("( Theo Tin_Biển , Bờ_Tây )", "source"),
    ]


def test_lines_of_many_documents_become_furniture() -> None:
    text = "Mưa lớn làm sập cầu tạm qua rạch Ông Cốm đêm qua.\nTin hay mỗi sáng cho bạn đọc xa quê.\nNgọc Hân\n"
    parts = mark_repeated(text, mark_parts(text), {"Tin hay mỗi sáng cho bạn đọc xa quê.", "Ngọc Hân"})
    assert part_of_lines(text, parts) == ["body", "furniture", "byline"]
    assert without_furniture(text, parts) == text.replace("Tin hay mỗi sáng cho bạn đọc xa quê.\n", "")
