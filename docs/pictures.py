"""Take the pictures of `annotating.md` from a real server: `python docs/pictures.py`.

Needs the development environment and Debian's chromium. Everything happens in a temporary folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from doccano_page import Page, chromium  # noqa: E402
from doccano_site import Site  # noqa: E402
from playwright.sync_api import Browser  # noqa: E402

from vi_ner.adjudicate import adjudicate  # noqa: E402
from vi_ner.agreement import agreement  # noqa: E402
from vi_ner.convert import news_tokenizer  # noqa: E402
from vi_ner.disagreements import agreement_page  # noqa: E402
from vi_ner.pull import pull_annotations  # noqa: E402
from vi_ner.push import push_articles  # noqa: E402
from vi_ner.records import read_annotations  # noqa: E402

IMAGES = ROOT / "docs" / "images"
LABELS = ROOT / "annotations" / "labels.json"
TEXT = (
    "Hợp tác xã Rừng Xanh mở chợ phiên\n\n"
    "Sáng 12/4, bà Lò Thị Mai, chủ nhiệm Hợp tác xã Rừng Xanh, mở phiên chợ đầu tiên ở xã Nậm Cang.\n\n"
    "Ông Giàng A Páo từ Sa Pa xuống mua 30 cây giống."
)
MARKS = {"Lò Thị Mai": "PER", "Giàng A Páo": "PER", "Nậm Cang": "LOC", "Sáng 12/4": "DATE"}
WRONG = {"Lò Thị Mai": "PER", "Páo": "PER", "xã Nậm Cang": "LOC", "Rừng Xanh": "ORG"}


def main() -> None:
    """Push, annotate as two people, and take a picture of each step."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name), ROOT)
        site.start()
        try:
            with chromium() as browser:
                take_pictures(site, browser)
        finally:
            site.stack.close()


def take_pictures(site: Site, browser: Browser) -> None:
    """The pictures, in the order of the tutorial."""
    articles = site.root / "articles.jsonl"
    rows = [{"doc_id": f"cho-phien-{i}", "text": TEXT, "source": "vi-ner"} for i in range(1, 4)]
    articles.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    push_articles(
        articles,
        project="vi-ner",
        labels=LABELS,
        guidelines=ROOT / "annotations" / "guidelines.md",
        root=site.root,
        annotators=["an", "binh"],
    )
    admin = site.admin()
    project = admin.project("vi-ner")
    for name, marks in (("an", MARKS), ("binh", WRONG)):
        user, path = site.annotator(name), f"projects/{project['id']}"
        labels = user.labels(project)
        for document in admin.documents(project).values():
            for surface, label in marks.items():
                start = len(TEXT[: TEXT.index(surface)].encode("utf-16-le")) // 2
                user.mark(project, document, start, start + len(surface), labels[label])
            user.confirm(project, document)
    page = Page(browser, site.url, height=760)
    page.open("auth")
    shoot(page, "login")
    page.log_in("an", site.password("an"))
    page.open(f"{path}/sequence-labeling?page=1")
    shoot(page, "labelling")
    pull_annotations("vi-ner", site.root / "pulled.jsonl", root=site.root)
    versions = read_annotations(site.root / "pulled.jsonl")
    result = agreement(versions, news_tokenizer())
    (site.root / "agreement.html").write_text(agreement_page(result), encoding="utf8")
    output = site.root / "gold.jsonl"
    adjudicate(versions, project="vi-ner-adjudication", labels=LABELS, output=output, root=site.root)
    page = Page(browser, site.url, height=760)
    page.log_in(*site.admin_account())
    page.open(f"{path}/guideline")
    shoot(page, "guideline")
    page.open(f"{path}/metrics")
    shoot(page, "metrics")
    page.open(f"projects/{admin.project('vi-ner-adjudication')['id']}/sequence-labeling?page=1")
    shoot(page, "adjudication")
    page.tab.goto((site.root / "agreement.html").as_uri())
    page.tab.get_by_role("button", name="EN").click()
    shoot(page, "agreement")


def shoot(page: Page, name: str) -> None:
    """A picture, once the page has come to rest."""
    page.tab.wait_for_timeout(6000)
    page.tab.evaluate("document.querySelectorAll('*').forEach(e => { e.scrollTop = 0 })")
    page.tab.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
