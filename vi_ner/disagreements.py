"""The agreement of annotators as a page to look at (drawn with `vi_ner.page`) and as rows to work with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .agreement import KINDS, Agreement, Disagreement
from .page import Section, both, render_page, templates
from .records import Span

KINDS_VI = {
    "missed": "bỏ sót",
    "border": "biên",
    "label": "nhãn",
    "border and label": "biên và nhãn",
}
STYLE = """
.texts td, .texts th { vertical-align: top; text-align: left; }
.texts .text { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 20rem; }
mark { background: color-mix(in srgb, var(--accent) 30%, transparent); color: inherit; }
tfoot th, tfoot td { font-weight: 650; }
"""


def agreement_page(agreement: Agreement) -> str:
    """An HTML page: scores of each pair, and every disagreement in its context, all versions under each other."""
    template: Any = templates().get_template("agreement.html")
    counts = Counter(disagreement.kind for disagreement in agreement.disagreements)
    filled = template.make_module(
        {
            "a": agreement,
            "share": _share,
            "counts": [(both(KINDS_VI[kind], kind), counts[kind]) for kind in KINDS],
            "disagreements": [_shown(disagreement) for disagreement in agreement.disagreements],
        }
    )
    total = len(agreement.disagreements)
    sections = [
        Section("scores", both("Điểm", "Scores"), filled.draw_scores()),
        Section("texts", both(f"{total} chỗ khác nhau", f"{total} disagreements"), filled.draw_disagreements()),
    ]
    title = both("Độ đồng thuận của người gán nhãn", "Agreement of annotators")
    return render_page(title=title, sections=sections, style=STYLE)


def disagreement_rows(agreement: Agreement) -> list[dict[str, Any]]:
    """One row for each disagreement: document, kind, text around, and each annotator's span or null."""
    return [
        {
            "doc_id": d.doc_id,
            "kind": d.kind,
            "before": d.before,
            "text": d.text,
            "after": d.after,
            "versions": [
                {"annotator": name, "span": [span.start, span.end, span.label] if span else None}
                for name, span in zip(d.annotators, d.spans, strict=True)
            ],
        }
        for d in agreement.disagreements
    ]


def _shown(disagreement: Disagreement) -> dict[str, Any]:
    versions = []
    for name, span in zip(disagreement.annotators, disagreement.spans, strict=True):
        before, marked, after = _cut(disagreement, span) if span else ("", "", "")
        label = span.label if span else ""
        versions.append({"annotator": name, "label": label, "before": before, "marked": marked, "after": after})
    kind = both(KINDS_VI[disagreement.kind], disagreement.kind)
    return {"doc_id": disagreement.doc_id, "kind": kind, "versions": versions}


def _cut(disagreement: Disagreement, span: Span) -> tuple[str, str, str]:
    """The shown text before, in and after a span."""
    shown = disagreement.before + disagreement.text + disagreement.after
    first = min(s.start for s in disagreement.spans if s) - len(disagreement.before)
    start, end = span.start - first, span.end - first
    return shown[:start], shown[start:end], shown[end:]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
