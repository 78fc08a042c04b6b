"""There and back: articles to a real Doccano server, two annotators at work, and gold out of it, nothing lost."""

from __future__ import annotations

import json
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import regex
from conftest import LABELS, ROOT
from doccano_site import Row, Site, User

from vi_ner.adjudicate import adjudicate
from vi_ner.agreement import agreement
from vi_ner.convert import convert, news_tokenizer
from vi_ner.errors import ViNerError
from vi_ner.pull import pull_annotations
from vi_ner.push import push_articles
from vi_ner.records import read_annotations

GUIDELINES = ROOT / "annotations" / "guidelines.md"
PERSON, PLACE = "Đỗ Thị Hằng", "hồ Núi Một"
SENTENCE = f"Sáng nay bà {PERSON} ra thăm {PLACE} cùng đoàn khảo sát."
# What stands before the names, and so shifts every offset after it in one way of counting or another.
ODDITIES = {
    "plain": "Tin vắn. ",
    "emoji": "🎉 Chúc mừng 👩‍👩‍👧‍👦 cả nhà 🇻🇳 👍🏽! ",
    "crlf": "Dòng một\r\nDòng hai\r\n\r\n",
    "underscores": "Hội_nghị_tổng_kết vừa kết_thúc . ",
    "markup": """<b>"Nóng"</b> & 'lạ' <script>alert("1")</script> \\ \\n {{x}} """,
    "invisible": "\ufeffĐầu\u200b bài\u00a0này\u2028xuống dòng\u0085và\tthụt ",
    "long": "Nước về chậm hơn mọi năm. " * 400,
}
NAMES = list(ODDITIES)


def odd_articles(path: Path, count: int) -> dict[str, str]:
    """Articles with all that shifts offsets, in the composed form and the decomposed one; texts by id."""
    texts = {}
    for number in range(count):
        kind = NAMES[number % len(NAMES)] if number < 50 else NAMES[number % (len(NAMES) - 1)]  # seven long ones
        text = f"{ODDITIES[kind]}Bài số {number}. {SENTENCE}"
        texts[f"a{number:03}"] = unicodedata.normalize("NFD" if number % 3 == 1 else "NFC", text)
    rows: list[Row] = [{"doc_id": doc_id, "text": text, "topic": "thử"} for doc_id, text in texts.items()]
    rows[0]["pages"] = 3  # a key that the other rows lack
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8", newline="")
    return texts


def place_of(name: str, text: str) -> tuple[int, int]:
    """Code points of a name in a text, in whichever form it is there."""
    for form in ("NFC", "NFD"):
        found = text.find(unicodedata.normalize(form, name))
        if found >= 0:
            return found, found + len(unicodedata.normalize(form, name))
    raise AssertionError(name)


def counted(text: str, position: int, *, grapheme: bool) -> int:
    """A position in code points as Doccano counts it; written without the code under test."""
    before = text[:position]
    return len(regex.findall(r"\X", before)) if grapheme else len(before.encode("utf-16-le")) // 2


def work(user: User, project: Row, document: Row, names: dict[str, str], labels: dict[str, Row]) -> None:
    """Mark names with labels, and confirm the document."""
    for name, label in names.items():
        borders = place_of(name, document["text"])
        start, end = (counted(document["text"], at, grapheme=project["grapheme_mode"]) for at in borders)
        user.mark(project, document, start, end, labels[label])
    user.confirm(project, document)


def push(site: Site, articles: Path, project: str, **options: Any) -> Any:
    return push_articles(articles, project=project, labels=LABELS, guidelines=GUIDELINES, root=site.root, **options)


@pytest.mark.parametrize("grapheme", [False, True], ids=["utf16", "grapheme"])
def test_there_and_back_nothing_is_lost(doccano: Site, tmp_path: Path, grapheme: bool) -> None:
    count = 200
    texts = odd_articles(tmp_path / "articles.jsonl", count)
    name = f"Vòng kín {grapheme}"
    pushed = push(doccano, tmp_path / "articles.jsonl", name, annotators=["an", "binh"])
    assert (pushed.created, pushed.sent, pushed.documents) == (True, count, count)
    again = push(doccano, tmp_path / "articles.jsonl", name, annotators=["an", "binh"])
    assert (again.created, again.sent, again.documents, again.removed) == (False, 0, count, 0)

    admin = doccano.admin()
    project = admin.project(name)
    if grapheme:
        content = {"grapheme_mode": True, "resourcetype": "SequenceLabelingProject"}
        project = admin.ask("PATCH", f"projects/{project['id']}", content)
    documents = admin.documents(project)
    assert {doc_id: document["text"] for doc_id, document in documents.items()} == texts
    with ThreadPoolExecutor(2) as pool:  # both at once, as people are
        for done in [pool.submit(work_through, doccano.annotator(who), project, documents) for who in ("an", "binh")]:
            done.result()

    pulled = pull_annotations(name, tmp_path / "pulled.jsonl", root=doccano.root)
    assert pulled.annotators == {"an": count, "binh": count // 2}
    assert pulled.untouched == count + count // 2  # the administrator's copies, and binh's other half
    versions = read_annotations(tmp_path / "pulled.jsonl")
    for version in versions:
        assert version.text == texts[version.doc_id]
        expected = expected_spans(version.annotator, version.doc_id, version.text)
        assert [(span.start, span.end, span.label) for span in version.spans] == expected
    assert versions[0].meta == {"topic": "thử", "pages": 3}

    scores = agreement(versions, news_tokenizer())
    # binh did every second document; in a fifth of them the place is missing, in a fifth it is an organisation.
    both, wrong = count // 2, count // 10
    assert (scores.documents, scores.identical) == (both, both - 2 * wrong)
    assert scores.strict == pytest.approx(2 * (2 * both - 2 * wrong) / (2 * both + 2 * both - wrong))
    assert {d.kind for d in scores.disagreements} == {"missed", "label"}

    options = {
        "project": f"Quyết {grapheme}",
        "labels": LABELS,
        "output": tmp_path / "gold.jsonl",
        "root": doccano.root,
    }
    first = adjudicate(versions, **options)  # type: ignore[arg-type]
    assert (first.agreed, first.decided, first.waiting) == (count - 2 * wrong, 0, 2 * wrong)
    prefer(admin, str(options["project"]), "an")
    second = adjudicate(versions, **options)  # type: ignore[arg-type]
    assert (second.agreed, second.decided, second.waiting, second.unresolved) == (count - 2 * wrong, 2 * wrong, 0, {})
    gold = read_annotations(tmp_path / "gold.jsonl")
    assert {v.doc_id: v.spans for v in gold} == {v.doc_id: v.spans for v in versions if v.annotator == "an"}
    lines = (tmp_path / "gold.jsonl").read_text(encoding="utf8").split("\n")[:-1]
    history = [json.loads(line)["versions"] for line in lines]
    assert [len(part) for part in history] == [2, 1] * both

    account = convert(tmp_path / "gold.jsonl", articles=None, labels=LABELS, output=tmp_path / "corpus")
    assert (account.documents_converted, account.spans_converted) == (count, 2 * count)


def work_through(user: User, project: Row, documents: dict[str, Row]) -> None:
    name, labels = user.ask("GET", "me")["username"], user.labels(project)
    for doc_id, document in documents.items():
        names = marks(name, doc_id)
        if names:
            work(user, project, document, names, labels)


def marks(annotator: str, doc_id: str) -> dict[str, str]:
    """What an annotator marks: an every name rightly; binh every second document, with two kinds of mistakes."""
    number = int(doc_id[1:])
    if annotator == "binh" and number % 2:
        return {}
    if annotator == "binh" and number % 10 == 2:
        return {PERSON: "PER"}
    return {PERSON: "PER", PLACE: "ORG" if annotator == "binh" and number % 10 == 4 else "LOC"}


def expected_spans(annotator: str, doc_id: str, text: str) -> list[tuple[int, int, str]]:
    return [(*place_of(name, text), label) for name, label in marks(annotator, doc_id).items()]


def prefer(user: User, project_name: str, annotator: str) -> None:
    """Decide every document for one annotator: delete the others' versions and confirm."""
    project = user.project(project_name)
    keep = {label["id"] for name, label in user.labels(project).items() if "(" not in name or annotator in name}
    for document in user.documents(project).values():
        path = f"projects/{project['id']}/examples/{document['id']}/spans"
        for span in user.ask("GET", path):
            if span["label"] not in keep:
                user.ask("DELETE", f"{path}/{span['id']}")
        user.confirm(project, document)


def test_suggestions_are_no_gold_until_somebody_says_so(doccano: Site, tmp_path: Path, model: Path) -> None:
    rows = [{"doc_id": f"h{number}", "text": f"🎉 Số {number}: chợ Huế họp sớm."} for number in range(5)]
    path = tmp_path / "articles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    with pytest.raises(ViNerError, match="Suggestions need a shared project"):
        push(doccano, path, "Gợi ý", suggest=str(model))
    pushed = push(doccano, path, "Gợi ý", suggest=str(model), shared=True, annotators=["an", "binh"])
    assert (pushed.sent, pushed.without_suggestions) == (5, ())
    output = tmp_path / "pulled.jsonl"
    assert pull_annotations("Gợi ý", output, root=doccano.root).rows == 0

    admin, an, binh = doccano.admin(), doccano.annotator("an"), doccano.annotator("binh")
    project = admin.project("Gợi ý")
    documents = admin.documents(project)
    member = next(m for m in admin.ask("GET", f"projects/{project['id']}/members") if m["username"] == "binh")
    approver = next(role for role in admin.ask("GET", "roles") if role["name"] == "annotation_approver")
    admin.ask("PATCH", f"projects/{project['id']}/members/{member['id']}", {"role": approver["id"]})
    an.confirm(project, documents["h0"])  # taken as suggested
    binh.confirm(project, documents["h1"])
    an.mark(project, documents["h2"], 0, 2, an.labels(project)["ORG"])  # changed, not confirmed
    for span in an.ask("GET", f"projects/{project['id']}/examples/{documents['h3']['id']}/spans"):
        an.ask("DELETE", f"projects/{project['id']}/examples/{documents['h3']['id']}/spans/{span['id']}")
    an.confirm(project, documents["h3"])  # nothing in it, says an

    pull_annotations("Gợi ý", output, root=doccano.root)
    found = {
        v.doc_id: (v.annotator, v.confirmed, [v.text[s.start : s.end] for s in v.spans])
        for v in read_annotations(output)
    }
    assert found == {
        "h0": ("an", True, ["Huế"]),
        "h1": ("binh", True, ["Huế"]),
        "h2": ("", False, ["🎉", "Huế"]),
        "h3": ("an", True, []),
    }
    assert pull_annotations("Gợi ý", output, root=doccano.root, only="confirmed").rows == 3
    approved = pull_annotations("Gợi ý", output, root=doccano.root, only="approved")
    assert (approved.rows, approved.annotators) == (1, {"binh": 1})
    account = convert(output, articles=None, labels=LABELS, output=tmp_path / "corpus")
    assert account.spans_converted == 1
