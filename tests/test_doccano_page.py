"""Doccano's own pages in a real browser: what the mouse marks is what comes back."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from conftest import LABELS, ROOT
from doccano_page import Page
from doccano_site import Site
from playwright.sync_api import Browser

from vi_ner.pull import pull_annotations
from vi_ner.push import push_articles
from vi_ner.records import read_annotations

NAME = "Vàng A Chứ"
# Everything that one unit counts otherwise than another, old emoji and new.
BEFORE = "🎉 👩‍👩‍👧‍👦 🇻🇳 👍🏽 1️⃣ 🧑‍🦰 🫱🏽 " + unicodedata.normalize("NFD", "Lễ hội") + "\r\n"


@pytest.mark.parametrize("grapheme", [False, True], ids=["utf16", "grapheme"])
def test_a_span_marked_with_the_mouse_comes_back_where_it_was(
    doccano: Site, browser: Browser, tmp_path: Path, grapheme: bool
) -> None:
    text = f"{BEFORE}Chiều qua ông {NAME} về bản."
    (tmp_path / "a.jsonl").write_text(json.dumps({"doc_id": "x", "text": text}), encoding="utf8")
    name = f"Chuột {grapheme}"
    push_articles(
        tmp_path / "a.jsonl",
        project=name,
        labels=LABELS,
        guidelines=ROOT / "annotations" / "guidelines.md",
        root=doccano.root,
    )
    admin = doccano.admin()
    project = admin.project(name)
    settings = {"grapheme_mode": grapheme, "resourcetype": "SequenceLabelingProject"}
    admin.ask("PATCH", f"projects/{project['id']}", settings)
    page = Page(browser, doccano.url)
    page.log_in(*doccano.admin_account())
    page.open(f"projects/{project['id']}/sequence-labeling?page=1")
    page.mark(NAME, "PER")
    page.wait(lambda: admin.ask("GET", f"projects/{project['id']}/metrics/span-distribution")["admin"]["PER"])
    page.confirm()
    page.wait(lambda: admin.documents(project)["x"]["is_confirmed"])
    page.tab.context.close()
    pulled = pull_annotations(name, tmp_path / "pulled.jsonl", root=doccano.root, only="confirmed")
    assert pulled.rows == 1
    (annotation,) = read_annotations(tmp_path / "pulled.jsonl")
    assert annotation.text == text
    assert [(text[span.start : span.end], span.label) for span in annotation.spans] == [(NAME, "PER")]
