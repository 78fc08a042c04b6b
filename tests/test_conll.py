"""CoNLL files to annotations and back."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from spacy.language import Language
from spacy.tokens import DocBin
from typer.testing import CliRunner, Result

from vi_ner.cli import app
from vi_ner.conll import ORPHAN, entities, escape, read_conll, unescape
from vi_ner.convert import USER_DATA, Conversion
from vi_ner.errors import ViNerError
from vi_ner.export import doc_annotation, export_conll
from vi_ner.published import convert_conll
from vi_ner.records import Annotation, Span, read_annotations
from vi_ner.split import SIDES

# What texts are made of: syllables, decomposed letters, joints, marks, emoji, and every kind of gap.
BITS = ["Lò", "Thị", "Pàng", "Đà_Nẵng", "e\u0302\u0301", "TP.HCM", "12-17/9/2023", "😀", "\u200b", "\ufeff", "…", ",",
        "#", "-DOCSTART-", "O", "B-PER", "\\s", "|", "=", "“", "'", "_"]  # fmt: skip
GAPS = [" "] * 8 + ["", "", "\n", "\n\n", "  ", "\t", "\r\n", "\u00a0", "\u3000", "\u2028", "\x0b", "\x85", ". "]


def annotation(doc_id: str, text: str, *spans: Span, **meta: str) -> Annotation:
    return Annotation(doc_id, text, spans, dict(meta), "", doc_id)


def invented(doc_id: str, rng: random.Random) -> Annotation:
    """A random text with random spans that do not overlap and have no blank at an edge."""
    text = "".join(rng.choice(BITS) + rng.choice(GAPS) for _ in range(rng.randrange(40)))
    text = rng.choice(["", " ", "\n\n"]) + text
    spans: list[Span] = []
    position = 0
    while position < len(text) and len(spans) < 8:
        start = position + rng.randrange(6)
        end = start + 1 + rng.randrange(12)
        surface = text[start:end]
        if len(surface) == end - start and surface.strip(" _\u200b\ufeff").strip() == surface:
            spans.append(Span(start, end, rng.choice(["PER", "LOC"])))
        position = end
    return annotation(doc_id, text, *spans)


def tagged(path: Path) -> list[tuple[str, str]]:
    """First and last column of every line but those that begin documents; ("", "") between sentences."""
    rows = [line.split() for line in path.read_text(encoding="utf8").split("\n") if not line.startswith("-DOCSTART-")]
    pairs = [(row[0], row[-1]) if row else ("", "") for row in rows]
    return [pair for i, pair in enumerate(pairs) if pair[0] or (i and pairs[i - 1][0])]


def run(*args: object) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def account_adds_up(account: Conversion) -> bool:
    return account.spans_in == account.spans_converted + len(account.repaired) + len(account.rejected)


def test_invented_texts_come_back_exactly(tmp_path: Path) -> None:
    rng = random.Random(0)
    gold = [invented(f"d{i:03} | a=b", rng) for i in range(150)]
    account = export_conll(gold, tmp_path / "gold.conll")
    found = read_conll(tmp_path / "gold.conll")
    assert [(item.doc_id, item.text, item.spans) for item in found] == [(a.doc_id, a.text, a.spans) for a in gold]
    assert account.spans_in == account.spans_converted == sum(len(item.spans) for item in gold) > 200
    assert not any(item.mended for item in found)


def test_own_annotations_come_back_exactly_and_in_sentences(tmp_path: Path) -> None:
    gold = read_annotations(ROOT / "annotations" / "articles" / "war-and-security.jsonl", offset_unit="codepoint")
    export_conll(gold, tmp_path / "gold.conll")
    found = {item.doc_id: (item.text, item.spans) for item in read_conll(tmp_path / "gold.conll")}
    assert found == {item.doc_id: (item.text, item.spans) for item in gold}
    sentences = (tmp_path / "gold.conll").read_text(encoding="utf8").split("\n\n")
    assert max(sentence.count("\n") for sentence in sentences) < 150


FOREIGN = {
    "IOB2, tabs": "Lò\tNP\tB-PER\nPàng\tNP\tI-PER\nở\tE\tO\n\nHuế\tNP\tB-LOC\nHuế\tNP\tB-LOC\n",
    "IOB1, blanks": "Lò I-PER\nPàng I-PER\nở O\n\nHuế I-LOC\nHuế B-LOC\n\n\n",
    "BIOES, comments": "# id 7 a=b\nLò _ _ B-PER\nPàng _ _ E-PER\nở _ _ O\n\n# id 8\nHuế _ _ S-LOC\nHuế _ _ S-LOC",
    "BILOU, CR LF, BOM": "\ufeffLò B-PER\r\nPàng L-PER\r\nở O-ORG\r\n\r\nHuế U-LOC\r\nHuế U-LOC\r\n",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN.keys())
def test_every_scheme_of_others_is_read_alike_and_written_back(content: str, tmp_path: Path) -> None:
    path = tmp_path / "news.iob"
    path.write_text(content, encoding="utf8", newline="")
    first, second = read_conll(path)
    assert (first.doc_id, first.text, first.spans) == ("news:1", "Lò Pàng ở", (Span(0, 7, "PER"),))
    assert (second.text, second.spans) == ("Huế Huế", (Span(0, 3, "LOC"), Span(4, 7, "LOC")))
    assert not first.mended and not second.mended
    export_conll([first, second], tmp_path / "back.conll")
    expected = [("Lò", "B-PER"), ("Pàng", "I-PER"), ("ở", "O"), ("", ""), ("Huế", "B-LOC"), ("Huế", "B-LOC"), ("", "")]
    assert tagged(tmp_path / "back.conll") == expected


def test_tokens_of_others_survive_a_docbin(tmp_path: Path, tokenizer: Language) -> None:
    """Whatever this project takes for a token: `12 / 9`, `Nội,` and glued names are written as they came."""
    first = "-DOCSTART- -X- O\n\nbà B-PER\nLò_Pàng_kể I-PER\n(12 O\n/9) B-DATE\n\nNội, B-LOC\nxa.Ông O\n\n"
    rows = f"{first}-DOCSTART- O\n\nHuế B-LOC\n"
    (tmp_path / "given.conll").write_text(rows, encoding="utf8")
    labels = ROOT / "annotations" / "labels.json"
    account = convert_conll(tmp_path / "given.conll", labels=labels, output=tmp_path / "out", max_rejected=0.4)
    assert account_adds_up(account)
    assert [(change.text, change.reason) for change in account.rejected] == [] and account.spans_in == 4
    docs = [
        doc
        for side in SIDES
        for doc in DocBin().from_disk(tmp_path / "out" / f"{side}.spacy").get_docs(tokenizer.vocab)
    ]
    assert sorted(doc.text for doc in docs) == ["Huế", "bà Lò_Pàng_kể (12 /9)\nNội, xa.Ông"]
    export_conll([doc_annotation(doc) for doc in docs], tmp_path / "back.conll")
    back, given = ([row for row in tagged(tmp_path / name) if row[0]] for name in ("back.conll", "given.conll"))
    assert sorted(back) == sorted(given)


def test_misaligned_and_faulty_gold_is_accounted_for_and_exported_all_the_same(
    tmp_path: Path, tokenizer: Language
) -> None:
    rows = "Ông O\nA I-PER\n\nsố O\n12 B-DATE\n\nKsor B-PER\nPhước I-LOC\n"
    (tmp_path / "given.conll").write_text(rows, encoding="utf8")
    labels = ROOT / "annotations" / "labels.json"
    account = convert_conll(tmp_path / "given.conll", labels=labels, output=tmp_path / "out")
    assert account_adds_up(account) and account.spans_converted == 2
    assert [(change.text, change.reason) for change in account.repaired] == [("A", ORPHAN), ("Phước", ORPHAN)]
    # A span inside a token of ours: lost for training, counted as missed, and still there for export.
    given = [
        annotation("a", "năm 2019", Span(4, 6, "DATE")),
        annotation("b", "Lò", Span(0, 2, "PER"), Span(0, 2, "PER")),
    ]
    exported = export_conll([*given, annotation("c", " \u3000Huế_ ", Span(0, 6, "LOC"))], tmp_path / "cut.conll")
    assert account_adds_up(exported)
    assert [(change.text, change.reason) for change in exported.rejected] == [("Lò", "the same span twice")]
    assert [(change.doc_id, change.reason) for change in exported.repaired] == [("c", "blanks at its edge cut off")]
    account = convert_conll(tmp_path / "cut.conll", labels=labels, output=tmp_path / "cut", max_rejected=0.5)
    assert [(change.text, change.reason) for change in account.rejected] == [("20", "inside a token")]
    docs = [
        doc
        for side in SIDES
        for doc in DocBin().from_disk(tmp_path / "cut" / f"{side}.spacy").get_docs(tokenizer.vocab)
    ]
    (doc,) = (doc for doc in docs if doc.user_data[USER_DATA]["doc_id"] == "a")
    assert doc_annotation(doc).spans == (Span(4, 6, "DATE"),)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Lò NP\n", r"line 1: .*'NP' in column 2 of 2.*--tag-column"),
        ("Lò B-PER\nPàng\n", "line 2.*'' in column 1 of 1"),
        ("-DOCSTART-\tdoc_id=a\tO\n\n-DOCSTART-\tdoc_id=a\tO\n", "'a' occurs twice"),
        ("\n\n", "Not one token"),
        (b"L\xf2 O\n", "Not UTF-8"),
    ],
)
def test_bad_files_get_one_clear_message(content: str | bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.conll").write_bytes(content if isinstance(content, bytes) else content.encode("utf8"))
    with pytest.raises(ViNerError, match=f"(?s){message}"):
        read_conll(tmp_path)
    with pytest.raises(ViNerError, match=r"No .*conll"):
        read_conll(tmp_path / "nowhere")


def test_tags_may_stand_in_another_column(tmp_path: Path) -> None:
    (tmp_path / "nested.conll").write_text("Huế NP B-NP B-LOC O\n", encoding="utf8")
    assert read_conll(tmp_path, tag_column=4)[0].spans == (Span(0, 3, "LOC"),)
    assert read_conll(tmp_path)[0].spans == ()


def test_entities_as_conlleval_reads_them() -> None:
    tags = ["I-PER", "I-PER", "B-PER", "O", "B-LOC", "I-PER", "I-LOC", "O"]
    assert list(entities(tags)) == [
        (0, 1, "PER", True), (2, 2, "PER", False), (4, 4, "LOC", False), (5, 5, "PER", True), (6, 6, "LOC", True)
    ]  # fmt: skip


def test_escapes_come_back() -> None:
    text = "".join(map(chr, range(0x3100))) + r"\s\\n\u0020"
    assert unescape(escape(text)) == text
    assert not any(char.isspace() for char in escape(text))


def test_commands(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    path = write_jsonl(
        "gold.jsonl", {"doc_uid": "a", "text": "Lò Pàng ở Huế.", "label": [[0, 7, "PER"], [10, 13, "LOC"]]}
    )
    result = run("export", path, "--to", "conll", "-o", tmp_path / "gold.conll")
    assert result.exit_code == 0 and "1 documents and 2 of 2 spans" in result.stdout
    assert (tmp_path / "gold.conll").read_text(encoding="utf8") == (
        "-DOCSTART-\tdoc_id=a\tO\n\nLò\t_\tB-PER\nPàng\t_\tI-PER\nở\t_\tO\nHuế\tSpaceAfter=No\tB-LOC\n.\t_\tO\n\n"
    )
    labels = ROOT / "annotations" / "labels.json"
    run("convert", tmp_path / "gold.conll", "--from", "conll", "--labels", labels, "-o", tmp_path / "out")
    (side,) = (side for side in SIDES if (tmp_path / "out" / f"{side}.spacy").stat().st_size > 200)
    run("export", tmp_path / "out" / f"{side}.spacy", "-o", tmp_path / "again.conll")
    assert (tmp_path / "again.conll").read_bytes() == (tmp_path / "gold.conll").read_bytes()
