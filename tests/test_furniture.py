"""Furniture left out of annotation, training and scores, while every offset counts the whole text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import LABELS, marked
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from vi_ner.convert import Conversion, convert, news_tokenizer
from vi_ner.errors import ViNerError
from vi_ner.evaluate import evaluate
from vi_ner.furniture import find_furniture, put_back, unread_stretches, without_furniture
from vi_ner.ingest import ingest
from vi_ner.records import Annotation, Article, Span, read_articles
from vi_ner.report.cases import Entity, in_form, read_case, read_only
from vi_ner.sentences import create_sentences, cut
from vi_ner.split import SIDES

SITE = "Trang chủ Thời sự\n"
LEAD = "Cháy kho bông ở Gò Xanh\n\nKho bông bốc cháy lúc 23h, ông Trịnh Công Phát nói.\n"
LINKS = "Đọc thêm\nBà Lệ Thu mở lớp ở Huế\n"
BODY = "Lửa lan sang chợ Vạn Thạnh, không ai bị thương.\n"
TEXT = SITE + LEAD + LINKS + BODY
READ = LEAD + BODY
PARTS = [(SITE, "furniture"), (LEAD, "body"), (LINKS, "furniture"), (BODY, "body")]


def span(text: str, name: str, label: str) -> Span:
    return Span(text.index(name), text.index(name) + len(name), label)


def article(**meta: Any) -> Article:
    start, parts = 0, []
    for text, part in PARTS:
        parts.append({"start": start, "end": start + len(text), "part": part})
        start += len(text)
    return Article("a", TEXT, {"parts": parts, **meta})


def annotation(text: str, *spans: Span) -> Annotation:
    return Annotation("a", text, spans, {}, "lan", "gold.jsonl, line 1")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[Conversion, Doc]]:
    """Convert annotations of the article; the account, and its Doc as read back from the DocBin."""

    def run(text: str, *spans: Span, known: Article | None = None, **options: Any) -> tuple[Conversion, Doc]:
        known = known or article()
        rows = {
            "articles.jsonl": {"doc_id": known.doc_id, "text": known.text, **known.meta},
            "gold.jsonl": {"doc_uid": "a", "text": text, "label": [[s.start, s.end, s.label] for s in spans]},
        }
        for name, row in rows.items():
            (tmp_path / name).write_text(json.dumps(row), encoding="utf8")
        account = convert(
            tmp_path / "gold.jsonl",
            articles=tmp_path / "articles.jsonl",
            labels=LABELS,
            output=tmp_path / "out",
            **options,
        )
        (doc,) = (
            doc
            for side in SIDES
            for doc in DocBin().from_disk(tmp_path / "out" / f"{side}.spacy").get_docs(news_tokenizer().vocab)
        )
        return account, doc

    return run


def shown(doc: Doc) -> list[tuple[str, str]]:
    return [(doc.text[ent.start_char : ent.end_char], ent.label_) for ent in doc.ents]


def unread_text(doc: Doc) -> str:
    return "".join(doc.text[start:end] for start, end in unread_stretches(doc))


def test_spans_of_a_text_without_furniture_are_put_back_into_the_whole(run: Callable[..., Any]) -> None:
    assert without_furniture(article(source="x")) == Article("a", READ, {"source": "x"})
    names = [("Trịnh Công Phát", "PER"), ("chợ Vạn Thạnh", "LOC")]
    account, doc = run(READ, *(span(READ, *name) for name in names))
    assert doc.text == TEXT and shown(doc) == names
    assert account.spans_converted == account.spans_in == 2
    assert unread_text(doc).split() == (SITE + LINKS).split()


def test_every_span_is_put_back_where_it_was() -> None:
    whole = article()
    for start in range(len(READ)):
        back = put_back(annotation(READ, Span(start, start + 1, "PER")), whole)
        assert back is not None and TEXT[back.spans[0].start : back.spans[0].end] == READ[start]
    assert put_back(annotation(READ + "."), whole) is None


def test_annotated_furniture_counts_unless_it_is_left_out(run: Callable[..., Any]) -> None:
    spans = [span(TEXT, "Trịnh Công Phát", "PER"), span(TEXT, "Lệ Thu", "PER"), span(TEXT, "Huế", "LOC")]
    account, doc = run(TEXT, *spans)
    assert len(shown(doc)) == account.spans_converted == 3 and unread_text(doc) == ""
    account, doc = run(TEXT, *spans, without_furniture=True)
    assert shown(doc) == [("Trịnh Công Phát", "PER")]
    assert [(change.text, change.reason) for change in account.left_out] == [
        ("Lệ Thu", "in furniture"),
        ("Huế", "in furniture"),
    ]
    assert account.spans_in == account.spans_converted + len(account.repaired + account.rejected + account.left_out)
    assert "Huế" in unread_text(doc) and "Vạn Thạnh" not in unread_text(doc)


def test_a_span_across_furniture_is_accounted_for(run: Callable[..., Any]) -> None:
    across = Span(READ.index("nói."), READ.index("Lửa") + 3, "ORG")
    account, doc = run(READ, across)
    assert doc.ents == () and [change.text for change in account.left_out] == [f"nói.\n{LINKS}Lửa"]


def test_without_parts_nothing_can_be_left_out(run: Callable[..., Any]) -> None:
    with pytest.raises(ViNerError, match="Not one document has `parts`"):
        run(TEXT, known=Article("a", TEXT), without_furniture=True)


@pytest.mark.parametrize(
    "parts",
    [
        [{"start": 0, "end": 5, "part": "body"}],
        [{"start": 0, "end": 4, "part": "body"}, {"start": 5, "end": len(TEXT), "part": "furniture"}],
        [{"begin": 0}],
    ],
)
def test_parts_of_another_text_are_refused(parts: list[dict[str, Any]]) -> None:
    with pytest.raises(ViNerError, match=r"Its `parts`.*Ingest the article again"):
        find_furniture(TEXT, {"parts": parts}, where="a")


@pytest.fixture
def half_read(run: Callable[..., Any]) -> Doc:
    """A gold document with missing annotation."""
    return run(READ, span(READ, "Trịnh Công Phát", "PER"))[1]


def test_training_passages_leave_furniture_out(half_read: Doc, tmp_path: Path) -> None:
    nlp = news_tokenizer()
    for token in half_read:
        token.is_sent_start = token.i == 0 or "\n" in half_read[token.i - 1].text
    assert "".join(unit.text_with_ws for unit in cut(half_read, [])).split() == READ.split()
    DocBin(docs=[half_read]).to_disk(tmp_path / "train.spacy")
    (example,) = create_sentences(tmp_path / "train.spacy", whole=True)(nlp)
    assert [t.text for t in example.reference if not t.tag_ and not t.is_space] == (SITE + LINKS).split()


def test_what_is_found_in_furniture_is_neither_right_nor_wrong(half_read: Doc, tokenizer: Language) -> None:
    found = [span(TEXT, name, "PER") for name in ("Trịnh Công Phát", "Lệ Thu")]
    predicted = marked(tokenizer.make_doc(TEXT), *((s.start, s.end, s.label) for s in found))
    assert evaluate([Example(predicted, half_read)]).overall.f == 1
    case = read_case(half_read, 1)
    for form in (case, *in_form([case], "joined"), *in_form([case], "spaced")):
        unread, read = (Entity(form.text.index(word), form.text.index(word) + 1, "PER") for word in ("Thu", "Trịnh"))
        assert read_only(form, [unread, read]) == (read,)


def test_ingested_articles_can_be_read_without_their_furniture(tmp_path: Path) -> None:
    page = Path(__file__).parent / "data" / "pages" / "develop" / "06.html"
    ingest([str(page)], tmp_path / "x.jsonl")
    (known,) = read_articles(tmp_path / "x.jsonl")
    read = without_furniture(known)
    assert 0 < len(read.text) < len(known.text) and "parts" not in read.meta
    back = put_back(Annotation(known.doc_id, read.text, (), {}, "", ""), known)
    assert back is not None and back.text == known.text
