"""Doccano's pages in a real Chromium, for a test and for the tutorial's pictures."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from debian import install
from playwright.sync_api import Browser, sync_playwright

WITHIN = 60  # seconds for a page to show something
# Where a name stands on the screen: the text of a document is drawn line by line.
RECTANGLE = """name => {
  for (const line of document.querySelectorAll("svg text")) {
    const node = line.firstChild, at = node ? node.textContent.indexOf(name) : -1;
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + name.length);
    const box = range.getBoundingClientRect();
    return [box.left, box.right, box.top + box.height / 2];
  }
  return null;
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A real Chromium without a window: the installed one, or Debian's package where there is none."""
    path = shutil.which("chromium")
    if path is None:
        install("chromium")
        path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Page:
    """A tab on a Doccano server."""

    def __init__(self, browser: Browser, url: str, *, height: int = 900) -> None:
        self.url = url
        self.tab = browser.new_page(viewport={"width": 1280, "height": height}, locale="en-US")
        self.tab.set_default_timeout(1000 * WITHIN)

    def wait(self, found: Callable[[], Any]) -> Any:
        """What `found` gives, once it gives something. RAISES (TimeoutError): It never does."""
        deadline = time.monotonic() + WITHIN
        while not (result := found()):
            if time.monotonic() > deadline:
                raise TimeoutError
            self.tab.wait_for_timeout(100)
        return result

    def open(self, path: str) -> None:
        self.tab.goto(f"{self.url}/{path}")

    def log_in(self, name: str, password: str) -> None:
        self.open("auth")
        fields = self.tab.locator("input")
        fields.nth(0).fill(name)
        fields.nth(1).fill(password)
        self.tab.locator(".v-card__actions button").first.click()
        self.tab.wait_for_url("**/projects**")

    def mark(self, name: str, label: str) -> None:
        """Draw the mouse over a name, and choose a label from the menu that opens."""
        left, right, middle = self.tab.wait_for_function(RECTANGLE, arg=name).json_value()
        self.tab.mouse.move(left + 1, middle)
        self.tab.mouse.down()
        self.tab.mouse.move(right - 1, middle, steps=5)
        self.tab.mouse.up()
        menu = self.tab.locator(".menuable__content__active")
        menu.locator("[role=menuitem], [role=option]").filter(has_text=label).first.click()

    def confirm(self) -> None:
        """Press the cross in the tool bar, which becomes a tick."""
        self.tab.locator(".v-toolbar .v-btn-toggle button").first.click()
