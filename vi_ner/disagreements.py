"""The agreement of annotators as a page to look at and as rows to work with."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jinja2 import Environment

from .agreement import KINDS, Agreement, Disagreement
from .records import Span

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Agreement of annotators</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; color: #1f2933; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0 2rem; width: 100%; }
th, td { border-bottom: 1px solid #d2d6dc; padding: .35rem .6rem; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
td.text { white-space: pre-wrap; }
mark { background: #fde68a; }
.none { color: #66707a; }
</style>
</head>
<body>
<h1>Agreement of annotators</h1>
<p>{{ a.documents }} documents with two versions or more, {{ a.identical }} of them identical.
F counts the spans of one as gold and of the other as found, and is the same in either direction.
Kappa counts tokens.</p>
<table>
<tr><th>Annotators<th class="n">Documents<th class="n">Spans
<th class="n">F strict<th class="n">F overlap<th class="n">Kappa
{%- for label in a.labels %}<th class="n">{{ label }}{% endfor %}</tr>
{%- for pair in a.pairs %}
<tr><td>{{ pair.annotators | join(" – ") }}<td class="n">{{ pair.documents }}
<td class="n">{{ pair.spans | join(" / ") }}
<td class="n">{{ pair.strict | share }}<td class="n">{{ pair.overlap | share }}<td class="n">{{ pair.kappa | share }}
{%- for label in a.labels %}<td class="n">{{ pair.labels.get(label) | share }}{% endfor %}</tr>
{%- endfor %}
<tr><th>Mean<td><td>
<th class="n">{{ a.strict | share }}<th class="n">{{ a.overlap | share }}<th class="n">{{ a.kappa | share }}
{%- for label in a.labels %}<th class="n">{{ a.labels[label] | share }}{% endfor %}</tr>
</table>
<h2>{{ a.disagreements | length }} disagreements</h2>
<p>{% for kind in kinds %}{{ kind }} {{ counts[kind] }}{{ ", " if not loop.last }}{% endfor %}</p>
<table>
<tr><th>Document<th>Kind<th>Annotator<th>Text</tr>
{%- for d in a.disagreements %}{% for name, span in d.annotators | zip(d.spans) %}
<tr>{% if loop.first %}<td rowspan="2">{{ d.doc_id }}<td rowspan="2">{{ d.kind }}{% endif %}<td>{{ name }}
{%- if span %}<td class="text">{{ cut(d, span)[0] }}<mark>{{ cut(d, span)[1] }}</mark> <b>{{ span.label }}</b>
{{- cut(d, span)[2] }}{% else %}<td class="none">nothing marked{% endif %}</tr>
{%- endfor %}{% endfor %}
</table>
</body>
</html>
"""


def agreement_page(agreement: Agreement) -> str:
    """An HTML page: scores of each pair, and every disagreement in its context, all versions under each other."""
    environment = Environment(autoescape=True)
    environment.filters |= {"share": _share, "zip": zip}
    counts = Counter(disagreement.kind for disagreement in agreement.disagreements)
    return environment.from_string(PAGE).render(a=agreement, kinds=KINDS, counts=counts, cut=_cut)


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


def _cut(disagreement: Disagreement, span: Span) -> tuple[str, str, str]:
    """The shown text before, in and after a span."""
    shown = disagreement.before + disagreement.text + disagreement.after
    first = min(s.start for s in disagreement.spans if s) - len(disagreement.before)
    start, end = span.start - first, span.end - first
    return shown[:start], shown[start:end], shown[end:]


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}"
