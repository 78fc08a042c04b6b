"""Doccano's pages in a real Chromium, for a test and for the tutorial's pictures."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

WITHIN = 60  # seconds for a page to show something
# Where a name stands on the screen: the text of a document is drawn line by line.
RECTANGLE = """
for (const line of document.querySelectorAll("svg text")) {
  const node = line.firstChild, at = node ? node.textContent.indexOf(arguments[0]) : -1;
  if (at < 0) continue;
  const range = document.createRange();
  range.setStart(node, at);
  range.setEnd(node, at + arguments[0].length);
  const box = range.getBoundingClientRect();
  return [box.left, box.right, box.top + box.height / 2];
}
return null;
"""


class Page:
    """A browser window on a Doccano server."""

    def __init__(self, browser: webdriver.Chrome, url: str) -> None:
        self.browser, self.url = browser, url

    def wait(self, found: Callable[[], Any]) -> Any:
        """What `found` gives, once it gives something."""
        return WebDriverWait(self.browser, WITHIN).until(lambda browser: found())

    def open(self, path: str) -> None:
        self.browser.get(f"{self.url}/{path}")

    def log_in(self, name: str, password: str) -> None:
        self.open("auth")
        fields = self.wait(lambda: self.browser.find_elements(By.TAG_NAME, "input"))
        fields[0].send_keys(name)
        fields[1].send_keys(password)
        self.browser.find_element(By.CSS_SELECTOR, ".v-card__actions button").click()
        self.wait(lambda: "/projects" in self.browser.current_url)

    def mark(self, name: str, label: str) -> None:
        """Draw the mouse over a name, and choose a label from the menu that opens."""
        left, right, middle = self.wait(lambda: self.browser.execute_script(RECTANGLE, name))
        mouse = ActionChains(self.browser, duration=50)
        mouse.w3c_actions.pointer_action.move_to_location(int(left) + 1, int(middle))
        mouse.w3c_actions.pointer_action.pointer_down()
        mouse.w3c_actions.pointer_action.move_to_location(int(right) - 1, int(middle))
        mouse.w3c_actions.pointer_action.pointer_up()
        mouse.perform()
        entries = "//div[contains(@class, 'menuable__content__active')]//*[@role='menuitem' or @role='option']"
        path = f"{entries}[contains(., '{label}')]"
        self.wait(lambda: next(iter(self.browser.find_elements(By.XPATH, path)), None)).click()

    def confirm(self) -> None:
        """Press the cross in the tool bar, which becomes a tick."""
        buttons = self.browser.find_elements(By.CSS_SELECTOR, ".v-toolbar .v-btn-toggle button")
        buttons[0].click()


@contextmanager
def chromium(url: str, *, size: str = "1280,900") -> Iterator[Page]:
    """A headless Chromium from the system's packages, installed if it is missing and we may."""
    if not shutil.which("chromedriver"):
        subprocess.run(["apt-get", "update", "-q"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-q", "chromium", "chromium-driver"], check=True)
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for option in ("headless=new", "no-sandbox", "disable-dev-shm-usage", f"window-size={size}", "lang=en"):
        options.add_argument(f"--{option}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(shutil.which("chromedriver"))))
    try:
        yield Page(browser, url)
    finally:
        browser.quit()


def picture(page: Page, path: Path) -> None:
    """The window as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert page.browser.save_screenshot(str(path))
