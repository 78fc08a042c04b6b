"""The benchmark as a picture for the README: bars of words per second, with the machine below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from .run import Benchmark

OURS, OTHERS, LIMIT, INK, MUTED = "#0f766e", "#94a3b8", "#cbd5e1", "#0f172a", "#475569"
TITLES = {"training": "Training, words per second", "tagging": "Tagging, words per second"}
NAMES = {
    "spacy": "spaCy",
    "hugging-face-fp32": "Hugging Face, float32",
    "hugging-face-bf16": "Hugging Face, bfloat16",
    "underthesea": "underthesea",
    "vi-ner": "vi-ner",
    "encoder-alone": "the encoder alone",
}


def plot(benchmark: Benchmark, path: Path, *, file_type: str) -> None:
    """Write the picture; file_type: `svg` or `png`."""
    groups = [group for group in TITLES if any(r.group == group and r.rates for r in benchmark.results)]
    style: Any = {"svg.hashsalt": "vi-ner", "font.size": 10, "text.parse_math": False}
    with rc_context(style):
        figure = Figure(figsize=(9, 2.9), layout="constrained", facecolor="white")
        for axes, group in zip(figure.subplots(1, len(groups), squeeze=False)[0], groups, strict=True):
            shown = [result for result in benchmark.results if result.group == group and result.rates]
            colours = {"vi-ner": OURS, "encoder-alone": LIMIT}
            axes.barh(
                range(len(shown)),
                [result.rate for result in shown],
                color=[colours.get(result.case, OTHERS) for result in shown],
                height=0.64,
            )
            for y, result in enumerate(shown):
                times = benchmark.times(result)
                text = f"{result.rate:,.0f}" + (f"  ({times:.1f}×)" if times and result.case == "vi-ner" else "")
                axes.annotate(text, (result.rate, y), (5, 0), textcoords="offset points", va="center", color=INK)
            axes.set_yticks(range(len(shown)), [NAMES[result.case] for result in shown])
            axes.invert_yaxis()
            axes.set_xlim(0, 1.3 * max(result.rate for result in shown))
            axes.set_title(TITLES[group], loc="left", color=INK, fontsize=11)
            axes.set_xticks([])
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0, labelcolor=INK)
        figure.supxlabel(str(benchmark.machine), fontsize=8, color=MUTED, x=0.01, ha="left")
        figure.savefig(path, format=file_type, dpi=160, metadata={"Date": None} if file_type == "svg" else None)
