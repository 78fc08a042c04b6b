"""The report as a page and as Markdown. Nothing is computed here that is not in `report.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ..page import Section, both, render_page, templates
from ..scores import FEW, Score
from . import charts
from .build import Report
from .kinds import CORRECT, KINDS, Pair
from .matching import STRICT
from .slices import FORM, Slice
from .words import WORDS, word

PLAIN_LABEL = {"background_color": "#4b5563", "text_color": "#ffffff", "name_vi": "", "name_en": ""}
MOST_CHANGED = 20
MARKDOWN = {**{ord(c): f"\\{c}" for c in "\\`*_[]|#"}, ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;"}


def render_html(report: Report, labels: Sequence[Mapping[str, Any]]) -> str:
    """The page. labels: The content of labels.json: names and colours; a label that it lacks is grey."""
    known = {row["text"]: {**PLAIN_LABEL, **row} for row in labels}
    styles = {label: known.get(label, PLAIN_LABEL) for label in report.labels}
    macros: Any = (
        templates()
        .get_template("report.html")
        .make_module(
            {
                "word": word,
                "percent": percent,
                "interval": interval,
                "megabytes": megabytes,
                "FEW": FEW,
                "styles": styles,
            }
        )
    )
    sections = [
        Section("scores", both("Điểm số", "Scores"), macros.scores(report, _ways_chart(report))),
        Section("errors", both("Sai ở đâu", "Where it fails"), macros.errors(report, _kinds_chart(report))),
        Section("next", both("Nên gán nhãn gì tiếp theo", "What to annotate next"), macros.advice(report)),
        Section("slices", both("Theo từng lát cắt", "By slice"), macros.slices(_slices(report), report)),
        Section("gallery", both("Từng bài một", "Document by document"), macros.gallery(report, KINDS, _data(report))),
        Section("trust", both("Dữ liệu và độ tin cậy", "Data and confidence"), macros.trust(report, _curves(report))),
        Section("origin", both("Làm lại kết quả này", "Make it again"), macros.origin(report)),
    ]
    if report.comparison or report.runs:
        section = Section("comparison", both("So sánh", "Comparison"), macros.comparison(report, MOST_CHANGED))
        sections.insert(1, section)
    folder = files("vi_ner") / "templates"
    return render_page(
        title=both("Báo cáo đánh giá ", "Evaluation of ") + Markup("<bdi>{}</bdi>").format(report.provenance.pipeline),
        lead=macros.lead(report),
        sections=sections,
        style=(folder / "report.css").read_text(encoding="utf8"),
        script=(folder / "report.js").read_text(encoding="utf8"),
    )


def render_markdown(report: Report) -> str:
    """A summary for a pull request."""
    environment = Environment(
        loader=PackageLoader("vi_ner"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["cell"] = markdown_cell
    template = environment.get_template("report.md")
    weak = sorted((row for row in report.slices if row.score.groups >= FEW), key=lambda row: row.score.f)
    return template.render(
        report=report,
        percent=percent,
        interval=interval,
        english=lambda name: WORDS.get(name, (name, name))[1],
        weak=weak[:8],
    )


def markdown_cell(text: str) -> str:
    """Text that a Markdown table shows as it is: no markup, no cell border, no line end."""
    return " ".join(text.translate(MARKDOWN).split())


def percent(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * value:.1f}"


def interval(score: Score) -> str:
    """The 95 % interval of F, or nothing where there are too few groups for one."""
    return f"{percent(score.f_low)}–{percent(score.f_high)}" if score.groups >= FEW else ""


def megabytes(size: int) -> str:
    """A size in bytes, readable."""
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def _ways_chart(report: Report) -> Markup:
    caption = both(
        "F theo nhãn và cách so khớp; vạch là khoảng tin cậy 95 % của cách chặt.",
        "F by label and way of matching; the bar is the 95 % interval of the strict one.",
    )
    return charts.ways(report.scores, report.labels, caption)


def _kinds_chart(report: Report) -> Markup:
    rows = [(kind, count) for kind, count in report.kinds.items() if kind != CORRECT]
    return charts.bars(rows, both("Số lỗi theo loại", "Errors by kind"))


def _slices(report: Report) -> list[tuple[str, list[Slice], Markup]]:
    """The dimensions that tell anything apart, made forms first, each with its chart."""
    shown = []
    for dimension, group in groupby(report.slices, key=lambda row: row.dimension):
        rows = list(group)
        if len(rows) > 1:
            caption = both("F với khoảng tin cậy 95 %; vạch đứt: F chung", "F with 95 % interval; dashed: F overall")
            reference = report.scores[STRICT].micro.f
            chart = charts.forest([(row.value, row.score) for row in rows], caption, reference=reference)
            shown.append((dimension, rows, chart))
    return sorted(shown, key=lambda entry: entry[0] != FORM)


def _curves(report: Report) -> dict[str, Markup]:
    """The charts of the last sections, where there is something to draw."""
    drawn = {}
    if report.calibration:
        caption = both("Độ tin cậy và tỉ lệ đúng", "Confidence and share that is right")
        drawn["calibration"] = charts.reliability(report.calibration, caption)
    if report.training:
        caption = both("F trên tập dev trong khi huấn luyện", "F on the dev side while training")
        drawn["training"] = charts.training_curve(report.training, caption)
    if report.learning:
        drawn["learning"] = Markup("").join(
            charts.learning_curve([point for point in report.learning if point.gold == gold]).svg(
                both("F theo lượng dữ liệu huấn luyện", "F by amount of training data") + f": {gold}"
            )
            for gold in dict.fromkeys(point.gold for point in report.learning)
        )
    return drawn


def _data(report: Report) -> Markup:
    """What the gallery shows, as JSON that is safe inside a script element. Offsets count code points."""
    documents = [
        {
            "id": result.doc_id,
            "meta": " · ".join(str(result.meta[key]) for key in ("topic", "genre", "form") if result.meta.get(key)),
            "text": result.text,
            "pairs": [_pair(pair, lost=pair.gold in result.lost) for pair in result.pairs],
        }
        for result in report.results
    ]
    words = {kind: WORDS[kind] for kind in KINDS}
    content = json.dumps({"documents": documents, "kinds": words}, ensure_ascii=False, separators=(",", ":"))
    return Markup(content.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _pair(pair: Pair, *, lost: bool) -> list[Any]:
    """`[kind, gold, predicted, confidence, lost]`, spans as `[start, end, label]` or null."""
    gold, predicted = (list(entity.key) if entity else None for entity in (pair.gold, pair.predicted))
    return [pair.kind, gold, predicted, pair.predicted.confidence if pair.predicted else None, lost]
