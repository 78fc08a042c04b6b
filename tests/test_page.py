from __future__ import annotations

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from markupsafe import Markup
from playwright.sync_api import Browser, Page

from vi_ner.page import ACCENT, Chart, Section, both, render_page

EVIL = '<script>alert("x")</script> & "Bà\' $5 tỉ, 5$ \u202eMíp\u202c 😀'


def chart() -> Chart:
    drawn = Chart(5, 3)
    drawn.axes.plot([1, 2], [3, 4], color=ACCENT)
    drawn.axes.set_xlabel(drawn.both("Bước & nhảy", "Step"))
    drawn.axes.set_title(EVIL)
    return drawn


def page() -> str:
    body = Markup("<p>{}</p>").format(EVIL) + chart().svg(both(EVIL, "Score"))
    return render_page(title=both("Trang thử", "Test page"), sections=[Section("one", both("Một", "One"), body)])


def test_the_same_content_gives_the_same_page() -> None:
    assert page() == page()


def watch(tab: Page) -> tuple[list[str], list[str]]:
    """What a tab says (console, errors, dialogs) and what it asks for, from now on."""
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: asked.append(request.url))
    return said, asked


def test_opens_offline_in_both_languages_and_schemes(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(page(), encoding="utf8")
    for scheme, ink in (("light", "rgb(28, 30, 36)"), ("dark", "rgb(233, 231, 226)")):
        context = browser.new_context(offline=True, color_scheme=scheme)  # type: ignore[arg-type]
        tab = context.new_page()
        said, asked = watch(tab)
        tab.goto((tmp_path / "page.html").as_uri())
        assert tab.title() == "Trang thử" and tab.inner_text("h1") == "Trang thử"
        label = tab.locator("svg tspan:visible")
        assert label.text_content() == "Bước & nhảy"
        # What the charts are drawn in follows the scheme, and the text in them and beside them is only text.
        assert tab.evaluate("getComputedStyle(document.querySelector('h1')).color") == ink
        assert tab.inner_text("section p") == EVIL
        assert EVIL in tab.evaluate("[...document.querySelectorAll('svg text')].map((node) => node.textContent)")
        tab.click("#language")
        assert tab.title() == "Test page" and tab.inner_text("h1") == "Test page"
        assert tab.evaluate("document.documentElement.lang") == "en" and label.text_content() == "Step"
        tab.click("#scheme")
        assert tab.evaluate("getComputedStyle(document.querySelector('h1')).color") != ink
        serious = [found["id"] for found in Axe().run(tab).response["violations"] if found["impact"] != "minor"]
        assert serious == []
        assert said == [] and [url for url in asked if not url.startswith(("file:", "data:"))] == []
        context.close()
