"""The charts of the page; each stands beside a table with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from markupsafe import Markup

from ..page import ACCENT, INK, LINE, MUTED, PANEL, SECOND, Chart
from ..scores import FEW, Score
from .curves import EVERYTHING, Calibration, CurvePoint, Step
from .matching import BORDERS, STRICT, WAYS, Matching
from .words import WORDS

WIDTH, ROW = 5.6, 0.3  # inches of a chart with rows
MARKERS = dict(zip(WAYS, "oDs^", strict=True))


def forest(rows: Sequence[tuple[str, Score]], caption: Markup, *, reference: float) -> Markup:
    """F with its interval, a row for each score; the dashed line is the F of everything.

    Scores of fewer than `FEW` groups are hollow and have no interval, because theirs would be far too narrow.
    """
    chart = Chart(WIDTH, 0.75 + ROW * len(rows))
    axes = chart.axes
    axes.axvline(100 * reference, color=MUTED, linestyle=(0, (3, 3)), linewidth=1)
    for y, (_name, score) in enumerate(rows):
        enough = score.groups >= FEW
        if enough:
            axes.hlines(y, 100 * score.f_low, 100 * score.f_high, color=ACCENT, linewidth=2.4)
        axes.plot(100 * score.f, y, "o", color=ACCENT, markersize=7, markerfacecolor=ACCENT if enough else PANEL)
        _beside(chart, y, f"{100 * score.f:.1f}", str(score.support))
    _beside(chart, -0.95, "F", "gold", color=MUTED)
    low = min((score.f_low if score.groups >= FEW else score.f for _name, score in rows), default=0)
    axes.set_xlim(max(0, 10 * np.floor(10 * low - 0.2)), 100.5)
    _rows(chart, [_word(chart, name) for name, _score in rows])
    return chart.svg(caption)


def ways(matchings: dict[str, Matching], labels: Sequence[str], caption: Markup) -> Markup:
    """F of every label by every way of matching, the strict one with its interval."""
    names = ["", *labels]
    chart = Chart(WIDTH, 1.25 + 0.46 * len(names))
    axes = chart.axes
    for y, label in enumerate(names):
        scores = {way: matching.labels[label] if label else matching.micro for way, matching in matchings.items()}
        strict = scores[STRICT]
        axes.hlines(y, 100 * strict.f_low, 100 * strict.f_high, color=ACCENT, linewidth=2.4)
        for way, score in scores.items():
            if label and way == BORDERS:
                continue  # among spans of one label, borders are all there is: the strict score again
            filled = way == STRICT
            axes.plot(
                100 * score.f,
                y,
                MARKERS[way],
                color=ACCENT if filled else SECOND,
                markerfacecolor=ACCENT if filled else "none",
                markersize=8 if filled else 7,
                label=_word(chart, way) if not y else None,
                zorder=3,
            )
    low = min(score.f_low for score in [matchings[STRICT].micro, *matchings[STRICT].labels.values()])
    axes.set_xlim(max(0, 10 * np.floor(10 * low - 0.2)), 100.5)
    _rows(chart, [_word(chart, "micro avg"), *labels])
    chart.figure.legend(loc="outside upper left", ncols=2, frameon=False, labelcolor=MUTED, fontsize=9)
    return chart.svg(caption)


def bars(rows: Sequence[tuple[str, int]], caption: Markup) -> Markup:
    """Counts as bars with their numbers."""
    chart = Chart(WIDTH, 0.5 + ROW * len(rows))
    axes = chart.axes
    axes.barh(range(len(rows)), [count for _name, count in rows], color=ACCENT, height=0.62)
    for y, (_name, count) in enumerate(rows):
        axes.annotate(str(count), (count, y), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_xlim(0, max([count for _name, count in rows] + [1]) * 1.12)
    _rows(chart, [_word(chart, name) for name, _count in rows])
    axes.tick_params(axis="x", bottom=False, labelbottom=False)
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    return chart.svg(caption)


def reliability(calibration: Calibration, caption: Markup) -> Markup:
    """Confidence against the share that is right; on the diagonal a model says what it knows."""
    chart = Chart(4.4, 4.0)
    low = np.floor(10 * min(*calibration.confidence, *calibration.right)) / 10
    chart.axes.plot([100 * low, 100], [100 * low, 100], color=MUTED, linestyle=(0, (3, 3)), linewidth=1)
    x, y = (100 * np.array(values) for values in (calibration.confidence, calibration.right))
    chart.axes.plot(x, y, "o-", color=ACCENT)
    chart.axes.set_xlabel(chart.both("Độ tin cậy (%)", "Confidence (%)"))
    chart.axes.set_ylabel(chart.both("Tỉ lệ đúng (%)", "Share that is right (%)"))
    chart.axes.grid(visible=True)
    return chart.svg(caption)


def training_curve(steps: Sequence[Step], caption: Markup) -> Markup:
    """F on the dev side by step."""
    chart = Chart(6.4, 3.0)
    chart.axes.plot([step.step for step in steps], [100 * step.f for step in steps], "o-", color=ACCENT)
    chart.axes.set_xlabel(chart.both("Bước huấn luyện", "Training step"))
    chart.axes.set_ylabel("F")
    chart.axes.grid(visible=True)
    return chart.svg(caption)


def learning_curve(points: Sequence[CurvePoint]) -> Chart:
    """F by the number of documents trained on, a line for each label and a broad one with intervals for all."""
    chart = Chart(6.4, 3.6)
    for label, marker in zip(dict.fromkeys(point.label for point in points), cycle("osD^v"), strict=False):
        line = sorted((point for point in points if point.label == label), key=lambda point: point.documents)
        x, y = [point.documents for point in line], [100 * point.f for point in line]
        if label == EVERYTHING:
            chart.axes.plot(x, y, marker=marker, color=ACCENT, linewidth=2.4, label=label)
            low, high = [100 * point.f_low for point in line], [100 * point.f_high for point in line]
            chart.axes.vlines(x, low, high, color=ACCENT)
        else:
            chart.axes.plot(x, y, marker=marker, color=SECOND, linewidth=1, linestyle="--", label=label)
    chart.figure.legend(loc="outside right upper", frameon=False, labelcolor=MUTED, fontsize=9)
    chart.axes.set_xlabel(chart.both("Số bài huấn luyện", "Documents trained on"))
    chart.axes.set_ylabel("F")
    chart.axes.grid(visible=True)
    return chart


def _word(chart: Chart, name: str) -> str:
    return chart.both(*WORDS[name]) if name in WORDS else name


def _beside(chart: Chart, y: float, *texts: str, color: str = INK) -> None:
    """Texts in columns right of the axes."""
    for column, text in enumerate(texts, start=1):
        chart.axes.annotate(
            text, (1, y), xycoords=chart.axes.get_yaxis_transform(), xytext=(4 + 34 * column, 0),
            textcoords="offset points", va="center", ha="right", color=color, annotation_clip=False,
        )  # fmt: skip


def _rows(chart: Chart, names: Sequence[str]) -> None:
    axes = chart.axes
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x", color=LINE)
