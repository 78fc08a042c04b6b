"""Files made to break or to mislead: each is refused with one line that says what to do, or read rightly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import LABELS, vi_ner
from lxml import html
from spacy.language import Language

from vi_ner.agreement import agreement
from vi_ner.convert import convert
from vi_ner.disagreements import agreement_page
from vi_ner.errors import ViNerError
from vi_ner.ingest import ingest
from vi_ner.ingest.sources import Piece, Problem, read_pieces
from vi_ner.records import Annotation, Span, read_annotations, read_articles, read_labels
from vi_ner.rows import LONGEST_LINE, LONGEST_TEXT, read_rows
from vi_ner.settings import read_env
from vi_ner.tag import read_texts, tag
from vi_ner.treebank import read_layer

ROW = '{"id": 1, "text": "ở Huế", "label": [[2, 5, "LOC"]]}'
ARTICLE = "Sáng nay chợ nổi Phong Hòa vắng khách, ghe bán trái cây chỉ còn một phần ba so với năm ngoái. " * 5
# A name as nobody should give one, and all allow: blanks, quotes, marks, a line end, an escape that clears the screen.
NAME = "Bản tin 'số 1' \"mới\" <b>&\n\x1b[2J=1+1"


def pack(path: Path, *members: tuple[str | zipfile.ZipInfo, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            if isinstance(name, str):
                archive.writestr(name, content)
            else:
                archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return path


def deep(opening: str, closing: str) -> str:
    return opening * 100_000 + closing * 100_000


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_a_hundred_thousand_deep(opening: str, closing: str, tmp_path: Path) -> None:
    nested = deep(opening, closing).replace(":}", ":1}")
    row = f'{{"id": 1, "text": "a", "label": [], "meta": {nested}}}\n'
    path = tmp_path / "deep.jsonl"
    path.write_text(row, encoding="utf8")
    for read in (read_annotations, read_articles, lambda path: list(read_texts([str(path)]))):
        with pytest.raises(ViNerError, match="line 1: JSON nested too deeply"):
            read(path)
    with pytest.raises(ViNerError, match="nested too deeply"):
        list(read_layer(path, {}))
    (tmp_path / "labels.json").write_text(nested, encoding="utf8")
    with pytest.raises(ViNerError, match="nested too deeply"):
        read_labels(tmp_path / "labels.json")
    path.write_text(row + '{"text": "sau"}\n', encoding="utf8")
    first, second = read_pieces([str(path)], columns={})
    assert isinstance(first, Problem) and first.reason == "JSON nested too deeply."
    assert isinstance(second, Piece) and second.row["text"] == "sau"
    (tmp_path / "deep.json").write_text(nested, encoding="utf8")
    (problem,) = read_pieces([str(tmp_path / "deep.json")], columns={})
    assert isinstance(problem, Problem) and problem.reason == "JSON nested too deeply."


class Endless:
    """A gigabyte in one line, made as it is read."""

    left = 1_000_000_000

    def readline(self, size: int) -> str:
        count = min(size, self.left)
        self.left -= count
        return "a" * count


def test_a_line_of_a_gigabyte_is_not_held() -> None:
    stream: Any = Endless()
    tracemalloc.start()
    with pytest.raises(ViNerError, match=r"big\.jsonl, line 1: The line is longer than 20 million characters"):
        list(read_rows(stream, "big.jsonl"))
    assert tracemalloc.get_traced_memory()[1] < 4 * LONGEST_LINE
    tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.json", "a.html"])
def test_a_sparse_file_is_one_problem_and_not_in_memory(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as stream:
        stream.write(b"text\n")
        stream.truncate(200_000_000)
    tracemalloc.start()
    found = list(read_pieces([str(tmp_path / name)], columns={}, limit=1_000_000))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert found and all(isinstance(piece, Problem) for piece in found)
    if name == "a.txt":
        with pytest.raises(ViNerError, match="A text of more than 1,000,000 characters"):
            list(read_texts([str(tmp_path / name)]))


def test_a_text_longer_than_spacy_takes_is_refused_by_name(tmp_path: Path, write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl("long.jsonl", {"id": 7, "text": "chợ " * (LONGEST_TEXT // 4) + "!", "label": []})
    for read in (read_annotations, read_articles, lambda path: list(read_texts([str(path)]))):
        with pytest.raises(ViNerError, match=r"line 1: A text of more than 1,000,000 characters.*Split it"):
            read(path)
    with pytest.raises(ViNerError, match="split it into several"):
        ingest([str(path)], tmp_path / "out.jsonl")


def test_a_zip_of_hostile_names_is_read_where_it_is(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jsonl")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    path = pack(folder / "a.zip", ("../../up.jsonl", ROW), ("/etc/absolute.jsonl", ROW), (NAME + ".jsonl", ROW))
    assert {a.annotator for a in read_annotations(path)} == {"up", "absolute", NAME.rpartition("/")[2]}
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["a.zip", "deep", "in"]
    with pytest.raises(ViNerError, match=r"link\.jsonl, line 1: Not JSON"):
        read_annotations(pack(folder / "b.zip", (link, "/etc/passwd")))


def test_a_zip_with_two_members_of_one_name_is_refused_or_read_whole(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = pack(tmp_path / "a.zip", ("an.jsonl", ROW), ("an.jsonl", ROW.replace("Huế", "Vinh")))
    with pytest.raises(ViNerError, match="two members of this name"):
        read_annotations(path)
    texts = [piece.row["text"] for piece in read_pieces([str(path)], columns={}) if isinstance(piece, Piece)]
    assert texts == ["ở Huế", "ở Vinh"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "bomb.zip", ("an.jsonl", ROW))
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (3_000_000_000).to_bytes(4, "little")  # as large as the archive says it is
    path.write_bytes(data)
    with pytest.raises(ViNerError, match=r"would unpack to 3\.0 GB.*give the folder"):
        read_annotations(path)
    row = json.dumps({"id": 1, "text": ARTICLE, "label": []}) + "\n"
    content = row * 2 + "a" * (LONGEST_LINE + 1)
    zeros = pack(tmp_path / "zeros.zip", ("a.jsonl", content), ("b.txt", content))
    tracemalloc.start()
    found = list(read_pieces([str(zeros)], columns={}, limit=1_000_000))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert [piece.reason[:16] for piece in found if isinstance(piece, Problem)] == ["Larger than 1 MB"] * 2
    with pytest.raises(ViNerError, match="line 3: The line is longer"):
        read_annotations(zeros)


def damaged(path: Path, *, offset: int) -> Path:
    """The archive with one byte of its packed content changed."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x77
    path.write_bytes(data)
    return path


def test_damaged_and_locked_members_stop_no_other(tmp_path: Path) -> None:
    members = [(f"{name}.txt", ARTICLE * 20) for name in "abc"]
    for offset in range(40, 140, 7):
        path = damaged(pack(tmp_path / "a.zip", *members), offset=offset)
        found = list(read_pieces([str(path)], columns={}))
        assert [piece.name for piece in found] == [f"a.zip/{name}.txt" for name in "abc"]
        assert isinstance(found[0], Problem) and all(isinstance(piece, Piece) for piece in found[1:])
        rows = "".join(f"{ROW} {i}\n" for i in range(30))
        with pytest.raises(ViNerError, match=r"Not (a ZIP file|JSON|UTF-8)"):
            read_annotations(damaged(pack(tmp_path / "b.zip", ("an.jsonl", rows)), offset=offset))
    undated = zipfile.ZipInfo("a.txt")
    path = pack(tmp_path / "c.zip", (undated, ARTICLE))
    data = path.read_bytes()
    entry = data.index(b"PK\x01\x02")
    path.write_bytes(data[: entry + 12] + bytes(4) + data[entry + 16 :])  # day 0 of month 0, as some writers leave it
    (piece,) = read_pieces([str(path)], columns={})
    assert isinstance(piece, Piece) and piece.data == ARTICLE.encode() and piece.modified == ""
    locked = bytearray(pack(tmp_path / "d.zip", ("an.jsonl", ROW)).read_bytes())
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(signature) + flag] |= 1
    (tmp_path / "d.zip").write_bytes(locked)
    with pytest.raises(ViNerError, match="Has a password"):
        read_annotations(tmp_path / "d.zip")
    (problem,) = read_pieces([str(tmp_path / "d.zip")], columns={})
    assert isinstance(problem, Problem) and "password" in problem.reason


def test_a_tar_of_hostile_names_and_kinds(tmp_path: Path) -> None:
    kinds = {"../up.txt": tarfile.REGTYPE, "/abs.txt": tarfile.REGTYPE, "hard": tarfile.LNKTYPE, "dev": tarfile.CHRTYPE}
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, kind in [*kinds.items(), ("../up.txt", tarfile.REGTYPE)]:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            info.size = len(ARTICLE.encode()) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(ARTICLE.encode()))
    found = list(read_pieces([str(tmp_path / "a.tar")], columns={}))
    assert [isinstance(piece, Piece) for piece in found] == [True, True, False, False, True]
    rows = run_ingest(tmp_path / "a.tar", tmp_path / "x.jsonl")
    assert len(rows) == len({row["doc_id"] for row in rows}) == 3
    assert not (tmp_path.parent / "up.txt").exists()


def run_ingest(source: Path, output: Path) -> list[dict[str, str]]:
    ingest([str(source)], output)
    return [json.loads(line) for line in output.read_text(encoding="utf8").splitlines()]


def test_half_characters_in_json_escapes(tmp_path: Path) -> None:
    """Rows that were annotated or are to be tagged are refused; an article is kept, and flagged as damaged."""
    row = {
        "id": "a\udc00",
        "text": "\ud83d\ude00 \ud800 " + ARTICLE,
        "label": [],
        "\udfff": "x\ud800",
        "title": "Chợ\ud800",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf8")
    for read in (read_annotations, read_articles, lambda path: list(read_texts([str(path)]))):
        with pytest.raises(ViNerError, match=r"line 1: Holds half a character.*decoded wrongly"):
            read(tmp_path / "a.jsonl")
    (article,) = run_ingest(tmp_path / "a.jsonl", tmp_path / "x.jsonl")
    assert "😀 \ufffd Sáng" in article["text"] and article["doc_id"] == "a\ufffd" and "damaged" in article["flags"]
    assert [made.doc_id for made in read_articles(tmp_path / "x.jsonl")] == ["a\ufffd"]


def test_nul_is_a_character_like_others(tmp_path: Path, finds_hue: Language) -> None:
    row = {"id": 1, "text": "a\0 Huế \0", "label": [[3, 6, "LOC"]]}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf8")
    account = convert(tmp_path / "a.jsonl", articles=None, labels=LABELS, output=tmp_path / "out")
    assert account.spans_converted == 1
    (tagged,) = tag(finds_hue, read_texts([str(tmp_path / "a.jsonl")]))
    assert tagged["text"] == row["text"] and tagged["entities"] == [
        {"start": 3, "end": 6, "label": "LOC", "text": "Huế"}
    ]


def test_settings_are_taken_to_the_letter_or_refused(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=a${B}c\nB='x y'\n", encoding="utf8")
    assert read_env(path) == {"A": "a${B}c", "B": "x y"}
    for content in (b"A=\xff", b"A=a\0b"):
        path.write_bytes(content)
        with pytest.raises(ViNerError, match=r"Save the file as UTF-8|Write the file anew"):
            read_env(path)


def test_a_sentence_annotated_twice_is_refused(tmp_path: Path) -> None:
    row = {"split": "dev", "sent_id": "1", "sha1": hashlib.sha1(b"a b").hexdigest(), "label": [[0, 1, "PER"]]}
    path = tmp_path / "layer.jsonl"
    path.write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n", encoding="utf8")
    with pytest.raises(ViNerError, match="line 2: The sentence dev:1 stands there twice"):
        list(read_layer(path, {"dev:1": "a b"}))
    path.write_text(json.dumps(row | {"label": [[0, 9, "PER"]]}), encoding="utf8")
    with pytest.raises(ViNerError, match="not a stretch of its text"):
        list(read_layer(path, {"dev:1": "a b"}))


EVIL = "<evil onclick=1>\"'&amp;=HYPERLINK(1)|{{7*7}}"


def assert_harmless(page: str) -> None:
    """What came from texts is shown as text: no element, no attribute, no template of it is alive."""
    tree = html.document_fromstring(page)
    assert not tree.xpath("//evil | //*[@onclick] | //img | //script[contains(text(), 'evil')]")
    assert EVIL in tree.text_content() and "49" not in tree.xpath("string(//title)")


def test_pages_show_hostile_texts_as_texts(tmp_path: Path, tokenizer: Language) -> None:
    text = f"{EVIL} ở Huế"
    spans = [(Span(0, 5, EVIL),), (Span(0, 5, "PER"), Span(len(text) - 3, len(text), "LOC"))]
    versions = [Annotation(EVIL, text, found, {}, f"{EVIL}{i}", "here") for i, found in enumerate(spans)]
    assert_harmless(agreement_page(agreement(versions, tokenizer)))
    row = {"id": EVIL, "text": f"{EVIL} {ARTICLE}", "title": EVIL, "source": EVIL, "published": EVIL, "group": EVIL}
    folder = tmp_path / EVIL.replace("/", "")
    folder.mkdir()
    (folder / f"{EVIL}.jsonl").write_text(json.dumps(row) + "\n{", encoding="utf8")
    run_ingest(folder, tmp_path / "x.jsonl")
    assert_harmless((tmp_path / "x.ingest" / "index.html").read_text(encoding="utf8"))


@pytest.mark.parametrize("name", [NAME, "tin\r\nmới", "-o", "~", os.fsdecode(b"\xff\xfetin"), "*.?[a]", "a" * 200])
def test_any_file_name_goes_through(name: str, tmp_path: Path, finds_hue: Language) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.txt").write_text(ARTICLE + "Huế", encoding="utf8")
    (folder / f"{name}.jsonl").write_text(ROW, encoding="utf8")
    tagged = list(tag(finds_hue, read_texts([str(folder)])))
    assert [row["entities"][0]["text"] for row in tagged] == ["Huế", "Huế"]
    json.dumps(tagged, ensure_ascii=False).encode("utf8")
    (folder / f"{name}.txt.bad").write_bytes(b"\xff\0\xff")
    run_ingest(folder, tmp_path / "x.jsonl")
    account = json.loads((tmp_path / "x.ingest" / "account.json").read_text(encoding="utf8"))
    assert (account["pieces"], account["articles"], len(account["problems"])) == (3, 2, 1)
    (folder / f"{name}.txt").unlink()
    assert convert(folder, articles=None, labels=LABELS, output=folder / "out").spans_converted == 1
    (folder / f"{name}.jsonl").write_text("{", encoding="utf8")
    with pytest.raises(ViNerError, match="line 1: Not JSON") as caught:
        read_annotations(folder)
    assert str(caught.value).isprintable()


def test_what_is_printed_is_one_line_that_no_terminal_obeys(tmp_path: Path) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    for name, content in ((NAME, "{"), (os.fsdecode(b"\xff"), "{")):
        (folder / f"{name}.jsonl").write_text(content, encoding="utf8")
        result = vi_ner("check-annotations", folder / f"{name}.jsonl")
        assert result.returncode == 1 and "\x1b[2J" not in result.stdout and "Traceback" not in result.stderr
        assert "line 1: Not JSON" in result.stdout and "\\n\\x1b[2J=1+1" in result.stdout
    row = {"id": f"d\n{NAME}", "text": "ở Huế .", "label": [[2, 7, "LOC"]]}
    (folder / "a.jsonl").write_text(json.dumps(row), encoding="utf8")
    result = vi_ner("check-annotations", folder / "a.jsonl")
    assert "\x1b[2J" not in result.stdout and "\\n\\x1b[2J=1+1" in result.stdout
