"""The shell of every page the project makes: one HTML file that asks nothing of the network.

Light, dark and printed; Vietnamese and English, both in the file and one of them shown. Whatever comes from a text is
escaped: templates escape by default, and only `Markup` made here or by a template passes as it is.

    chart = Chart(7, 3)
    chart.axes.plot([1, 2], [3, 4], color=ACCENT)
    page = render_page(
        title=both("Báo cáo", "Report"),
        sections=[Section("scores", both("Điểm", "Scores"), chart.svg(both("Điểm theo bước", "Score by step")))],
    )
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

# Colours to draw with. In the page each is a variable of page.css that follows the light or dark scheme.
INK, MUTED, LINE, PANEL, ACCENT, SECOND, BAD = (f"#0102{i:02x}" for i in range(1, 8))
VARIABLES = dict(
    zip(
        (INK, MUTED, LINE, PANEL, ACCENT, SECOND, BAD),
        ["ink", "muted", "line", "panel", "accent", "second", "bad"],
        strict=True,
    )
)
TWO_LANGUAGES = "¦"  # stands between the Vietnamese and the English form of a text in a chart
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: selectable, in the page's font, in both languages
    "svg.hashsalt": "vi-ner",  # ids are a function of the content, so the same figures give the same file
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 10,
    "lines.linewidth": 1.8,
}


@dataclass(frozen=True)
class Section:
    """A part of the page: anchor, heading (also its entry in the navigation) and content."""

    id: str
    title: str
    body: str


def both(vi: str, en: str) -> Markup:
    """A text in Vietnamese and English, of which the page shows one; parts that are no Markup are escaped."""
    return Markup('<span class="t" lang="vi">{}</span><span class="t" lang="en">{}</span>').format(vi, en)


@cache
def templates(package: str = "vi_ner") -> Environment:
    """The templates in the folder `templates` of a package: escaping, strict about names, with `both` at hand."""
    environment = Environment(
        loader=PackageLoader(package), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["both"] = both
    return environment


def render_page(
    *, title: Markup, sections: Sequence[Section], lead: Markup | str = "", style: str = "", script: str = ""
) -> str:
    """The page as HTML.

    title, lead: Heading and what stands under it. style, script: CSS and JavaScript of this page, added to the shell's.
    """
    folder = files("vi_ner") / "templates"
    shell = {name: (folder / f"page.{name}").read_text(encoding="utf8") for name in ("css", "js")}
    return (
        templates()
        .get_template("page.html")
        .render(
            title=title,
            name=Markup(re.sub(r"<[^>]*>", "", title.partition("</span>")[0])),
            lead=lead,
            sections=sections,
            style=Markup(shell["css"] + style),
            script=Markup(shell["js"] + script),
        )
    )


class Chart:
    """A matplotlib figure with one pair of axes in the page's style; draw with the colours of this module.

    width, height: Inches, as matplotlib counts; the page scales the drawing to the space there is.
    """

    def __init__(self, width: float, height: float) -> None:
        with mpl.rc_context(STYLE):
            self.figure = Figure(figsize=(width, height), layout="constrained")
            self.axes = self.figure.subplots()

    def svg(self, caption: Markup) -> Markup:
        """The figure as inline SVG with a caption. A text `vi¦en` in it is shown in the language of the page."""
        buffer = io.StringIO()
        with mpl.rc_context(STYLE), warnings.catch_warnings():
            # The browser sets the text, in a font that has its letters; matplotlib only measures it.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
        drawing = buffer.getvalue()
        drawing = drawing[drawing.index("<svg") :]
        drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
        drawing = re.sub(r'<g id="[^"]*"', "<g", drawing)  # an id stands once in a page; these are never referred to
        drawing = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawing, count=1)
        drawing = re.sub(r'(<svg[^>]*?) height="[^"]*"', r'\1 aria-hidden="true"', drawing, count=1)
        drawing = re.sub(r"<style.*?</style>| font-family: [^;]*;", "", drawing, flags=re.DOTALL)  # the page's font
        for colour, name in VARIABLES.items():
            drawing = drawing.replace(colour, f"var(--{name})")
        language = r'>\1<tspan class="t" lang="vi">\2</tspan><tspan class="t" lang="en">\3</tspan><'
        drawing = re.sub(rf">(\s*)([^<>{TWO_LANGUAGES}]+){TWO_LANGUAGES}([^<>]+)<", language, drawing)
        return Markup('<figure style="max-width:{}rem"><figcaption>{}</figcaption>{}</figure>').format(
            round(self.figure.get_figwidth() * 6.4, 1), caption, Markup(drawing)
        )
