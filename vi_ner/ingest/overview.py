"""The page of what came in, drawn with the parts of the project's pages (`vi_ner.page`)."""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import regex
from markupsafe import Markup

from ..errors import visible
from ..page import ACCENT, Chart, Section, both, render_page, templates
from .account import Ingestion
from .quality import FLAGS
from .selection import select

SAMPLES = 6
SHOWN = 200  # problems on the page
GROUPS = 20  # largest groups on the page, each with so many links
EXCERPT = 420  # characters of a part in a sample
BARS = 18  # months in the chart of dates; beyond it stand years
FLAGS_VI = {
    "language": "không phải tiếng Việt",
    "no-diacritics": "tiếng Việt không dấu",
    "short": "quá ngắn",
    "numbers": "bảng số liệu",
    "ocr": "chữ quét bị hỏng",
    "damaged": "ký tự hỏng vì chuyển mã",
    "no-text": "không có gì ngoài phần thừa của trang",
}
PARTS_VI = {
    "headline": "tít",
    "lead": "sa-pô",
    "body": "nội dung",
    "caption": "chú thích",
    "byline": "tác giả",
    "source": "nguồn",
    "furniture": "phần thừa",
}


def render_overview(account: Ingestion, *, articles: Path, aside: Path, links: Path) -> str:
    """The page as HTML; samples are read from the files that were written."""
    template: Any = templates().get_template("ingest.html")
    problems = [{"name": visible(p.name), "reason": visible(p.reason)} for p in account.problems]
    filled = template.make_module(
        {
            "cards": _cards(account),
            "groups": _largest_groups(account, links),
            "problems": problems[:SHOWN],
            "more": max(0, len(problems) - SHOWN),
            "samples": _samples(account, articles, aside),
        }
    )
    unknown = both("không rõ", "unknown")
    sources = [(name or unknown, count) for name, count in account.count("source").most_common(15)]
    encodings = [(name or both("bảng", "table"), count) for name, count in account.count("encoding").most_common()]
    flags = [(both(f"{n}: {FLAGS_VI[n]}", f"{n}: {FLAGS[n]}"), count) for n, count in sorted(account.flags.items())]
    what = both("Nhãn", "Flag")
    sections = [
        Section("account", both("Đã vào những gì", "What came in"), filled.draw_cards()),
        Section("texts", both("Độ dài và ngày", "Lengths and dates"), _lengths(account) + _dates(account)),
        Section(
            "sources",
            both("Nguồn và bảng mã", "Sources and encodings"),
            filled.draw_counts(
                both("Mười lăm nguồn lớn nhất", "The fifteen largest sources"), sources, both("Nguồn", "Source")
            )
            + filled.draw_counts(both("Bảng mã", "Encodings"), encodings, both("Bảng mã", "Encoding")),
        ),
        Section("groups", both("Nhóm: một sự kiện", "Groups: one event each"), filled.draw_groups()),
        Section(
            "flags",
            both("Bị đánh dấu", "Flagged"),
            filled.draw_counts(both("Chỉ loại ra khi có --set-aside", "Set aside only by --set-aside"), flags, what),
        ),
        Section("problems", both("Không đọc được", "Could not be read"), filled.draw_problems()),
        Section("samples", both("Vài bài để xem", "Some to look at"), filled.draw_samples()),
    ]
    style = (files("vi_ner") / "templates" / "ingest.css").read_text(encoding="utf8")
    return render_page(title=both("Bài báo đã nhận", "Articles that came in"), sections=sections, style=style)


def _cards(account: Ingestion) -> list[tuple[Any, Markup]]:
    return [
        (account.pieces, both("tệp và dòng đã vào", "pieces in")),
        (account.articles, both("bài đã ghi", "articles written")),
        (account.set_aside, both("bài để riêng", "set aside")),
        (len(account.problems), both("không đọc được", "could not be read")),
        (len(account.passed_over), both("không phải bài", "passed over: no article")),
        (account.stories, both("tin (gần trùng tính một)", "stories (near-duplicates are one)")),
        (account.groups, both("sự kiện", "groups (one event is one)")),
        (sum(summary.segmented for summary in account.summaries), both("bài đã tách từ", "segmented")),
    ]


def _lengths(account: Ingestion) -> Markup:
    chart = Chart(7, 2.4)
    ends = [0, 100, 200, 300, 400, 600, 800, 1200, 2000, 10**9]
    names = [f"{low}–{high}" for low, high in itertools.pairwise(ends[:-1])] + [f"{ends[-2]}+"]
    counts = Counter(next(i for i, end in enumerate(ends[1:]) if s.syllables < end) for s in account.summaries)
    chart.axes.bar(names, [counts[i] for i in range(len(names))], color=ACCENT)
    chart.axes.tick_params(axis="x", labelsize=8)
    _count_axis(chart)
    return chart.svg(both("Số âm tiết, không kể phần thừa của trang", "Syllables, furniture left out"))


def _dates(account: Ingestion) -> Markup:
    """Articles by month, or by year where there are many months."""
    known = sorted(s.published for s in account.summaries if regex.match(r"\d{4}(?:-\d\d|$)", s.published))
    without = len(account.summaries) - len(known)
    if not known:
        return Markup('<p class="note">{}</p>').format(both("Không bài nào có ngày đăng.", "No article has a date."))
    months = _months(known[0], known[-1])
    names = months if len(months) <= BARS else sorted({month[:4] for month in months})
    counts = Counter(date[: len(names[0])] for date in known)
    chart = Chart(7, 2.4)
    chart.axes.bar(names, [counts[name] for name in names], width=min(0.8, len(names) / 8), color=ACCENT)
    chart.axes.tick_params(axis="x", rotation=60 if len(names) > 8 else 0)
    _count_axis(chart)
    return chart.svg(both(f"Ngày đăng; {without} bài không có", f"Publication dates; {without} articles have none"))


def _months(first: str, last: str) -> list[str]:
    """The months from one ISO date to another, both included; a date of a year alone counts as its January."""
    start, end = (12 * int(date[:4]) + int(date[5:7] or 1) - 1 for date in (first, last))
    return [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(start, end + 1)]


def _count_axis(chart: Chart) -> None:
    chart.axes.set_ylabel(chart.both("bài", "articles"))
    chart.axes.locator_params(axis="y", integer=True)


def _largest_groups(account: Ingestion, links: Path) -> list[dict[str, Any]]:
    members = defaultdict(list)
    for summary in account.summaries:
        members[summary.group].append(summary.doc_id)
    largest = sorted((g for g in members if len(members[g]) > 1), key=lambda g: (-len(members[g]), g))[:GROUPS]
    of_doc = {doc_id: group for group in largest for doc_id in members[group]}
    evidence: dict[str, list[dict[str, Any]]] = {group: [] for group in largest}
    for link in _rows(links):
        group = of_doc.get(link["first"], "")
        if group and len(evidence[group]) < GROUPS:
            evidence[group].append(link | {"names": _longest(link.get("names", ()))})
    return [{"name": group, "members": members[group], "links": evidence[group]} for group in largest]


def _longest(names: Sequence[str]) -> list[str]:
    """The names that are no stretch of another of them, as names are written."""
    return [name.title() for name in names if not any(f" {name} " in f" {other} " for other in names if other != name)]


def _samples(account: Ingestion, articles: Path, aside: Path) -> list[dict[str, Any]]:
    """Some articles, unlike each other, and one for every flag."""
    wanted = {choice.doc_id for choice in select(account.summaries, SAMPLES)}
    flagged: dict[str, str] = {}
    for summary in account.summaries:
        for flag in summary.flags:
            flagged.setdefault(flag, summary.doc_id)
    wanted |= set(flagged.values())
    rows = [row for path in (articles, aside) for row in _rows(path) if row["doc_id"] in wanted]
    blank = {"source": "", "published": ""}
    return [blank | row | {"pieces": list(_pieces(row["text"], row["parts"]))} for row in rows]


def _pieces(text: str, parts: Sequence[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for part in parts:
        piece = text[part["start"] : part["end"]].strip()
        cut = piece if len(piece) <= EXCERPT else piece[:EXCERPT].rsplit(" ", 1)[0] + " […]"
        name = part["part"]
        yield {"part": name, "name": both(PARTS_VI[name], name), "text": visible(cut, keep="\n")}


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf8") as stream:
        yield from map(json.loads, stream)
