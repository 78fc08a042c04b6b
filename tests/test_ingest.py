"""The command `ingest` as users run it, on heaps of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from conftest import vi_ner

from vi_ner.errors import ViNerError
from vi_ner.ingest import ingest
from vi_ner.ingest.legacy import TCVN3
from vi_ner.records import read_articles

PAGES = Path(__file__).parent / "data" / "pages"
HEAD = "Cháy kho bông ở làng dệt Vạn Thạnh"
BODY = (
    "Kho bông rộng 400 m2 của Hợp tác xã Vạn Thạnh bốc cháy lúc 23h ngày 4/7, theo ông Trịnh Công Phát, chủ nhiệm. "
    "Lửa được dập tắt sau hai giờ nhờ xe bồn từ thị trấn Gò Xanh. Không có ai bị thương, thiệt hại 600 triệu đồng."
)
ARTICLE = f"{HEAD}\n\n{BODY}\n\nNgọc Hân\n"
SEGMENTED = (
    "Kho bông rộng 400 m2 của Hợp_tác_xã Vạn_Thạnh bốc cháy lúc 23h ngày 4/7 , theo ông Trịnh_Công_Phát , chủ_nhiệm . "
    "Lửa được dập_tắt sau hai giờ nhờ xe bồn từ thị_trấn Gò_Xanh . Không có ai bị_thương , thiệt_hại 600 triệu đồng ."
)


@pytest.fixture
def heap(tmp_path: Path) -> Path:
    """A folder with a bit of everything."""
    folder = tmp_path / "heap"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text(ARTICLE, encoding="utf8")
    (folder / "b.txt").write_text(SEGMENTED, encoding="utf-16")
    page = (PAGES / "develop" / "06.html").read_text(encoding="utf8")
    (folder / "sub" / "page.html").write_text(page, encoding="utf8")
    (folder / "sub" / "style.css").write_text("p {}", encoding="utf8")
    return folder


def run(*inputs: object, output: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """Ingest and give the rows by id."""
    ingest([str(given) for given in inputs], output, **options)
    return {row["doc_id"]: row for row in map(json.loads, output.read_text(encoding="utf8").splitlines())}


def test_a_heap_becomes_articles(heap: Path, tmp_path: Path) -> None:
    rows = run(heap, output=tmp_path / "news.jsonl")
    raw, cut, page = rows["news-a"], rows["news-b"], rows["news-sub/page"]
    assert raw["text"] == ARTICLE and cut["text"] == SEGMENTED
    assert [part["part"] for part in raw["parts"]] == ["headline", "body", "byline"]
    assert (raw["segmented"], cut["segmented"]) == (False, True)
    assert cut["segmenter"]["habits"] == ["joined syllables", "blanks around punctuation"]
    assert raw["group"] == cut["group"] == raw["story"] == cut["story"] == "news-a" != page["group"]
    assert page["source"] == "Báo Gò Xanh" and page["published"] == "2023-11-20" and page["author"] == "Lệ Thu"
    assert page["provenance"]["extractor"].startswith("trafilatura ") and "không phải chữ" not in page["text"]
    assert cut["provenance"]["encoding"] == "utf_16" and cut["provenance"]["file"] == "heap/b.txt"
    assert [article.doc_id for article in read_articles(tmp_path / "news.jsonl")] == list(rows)
    for row in rows.values():
        assert "".join(row["text"][part["start"] : part["end"]] for part in row["parts"]) == row["text"]


def test_twice_gives_the_same_bytes_and_the_account_adds_up(heap: Path, tmp_path: Path) -> None:
    (heap / "empty.txt").touch()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(heap, output=tmp_path / name / "news.jsonl", sample=2)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert {path.name for path in files} >= {
        "news.jsonl",
        "account.json",
        "index.html",
        "links.jsonl",
        "selected.jsonl",
    }
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in files)
    account = json.loads((tmp_path / "one" / "news.ingest" / "account.json").read_text(encoding="utf8"))
    assert account["pieces"] == 5 == account["articles"] + len(account["problems"]) + len(account["passed_over"])
    assert account["passed_over"] == ["heap/sub/style.css"]


def test_bad_input_gets_one_line_each_and_the_rest_goes_on(heap: Path, tmp_path: Path) -> None:
    (heap / "zero.txt").touch()
    (heap / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (heap / "broken.html").write_text("<html><p>Lũ <b>rút<table><tr></p></i><td>Dân về nhà", encoding="utf8")
    (heap / "odd\nname\x1b.txt").write_bytes(b"\xff\xfe\x00\xd8")
    (heap / "thesis.pdf").write_bytes(b"%PDF-1.7")
    os.mkfifo(heap / "pipe")
    with (heap / "huge.txt").open("wb") as stream:
        stream.truncate(500_000_000)
    with (heap / "huge.csv").open("wb") as stream:
        stream.write(b"id,text\nc1,Gio to.\nc2,")
        stream.truncate(100_000_000)
    Path(os.fsdecode(bytes(heap) + b"/\xff.txt")).write_text(ARTICLE.replace("4/7", "5/7"), encoding="utf8")
    (heap / "rows.jsonl").write_text('{"id": "r1", "text": "Nắng to."}\n{oops\n{"id": "r2"}\n', encoding="utf8")
    result = vi_ner("ingest", heap, tmp_path / "missing", "-o", tmp_path / "news.jsonl")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    flat = " ".join(result.stdout.split())
    for problem in (
        "heap/zero.txt: Empty.",
        "heap/noise.bin: Binary content",
        r"heap/odd\nname\x1b.txt: ",
        "heap/thesis.pdf: This is a PDF",
        "heap/pipe: Not a file",
        "heap/huge.txt: Larger than 20 MB",
        "heap/huge.csv: Not a readable csv table: line 3 is larger than 20 MB",
        "heap/rows.jsonl, row 2: Not JSON",
        "heap/rows.jsonl, row 3: No text.",
        "missing: No such file or folder.",
    ):
        assert flat.count(problem) == 1, (problem, result.stdout)
    ids = {row["doc_id"] for row in map(json.loads, (tmp_path / "news.jsonl").read_text(encoding="utf8").splitlines())}
    assert ids == {"news-a", "news-b", "news-sub/page", "news-broken", "r1", "c1", "news-_xff"}


def test_a_disk_that_refuses_leaves_everything_as_it_was(heap: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "news.jsonl"
    assert vi_ner("ingest", heap, "-o", output).returncode == 0
    before = {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()}
    with (heap / "more.jsonl").open("w", encoding="utf8") as stream:
        stream.writelines(json.dumps({"id": f"m{i}", "text": f"{i} {BODY}"}) + "\n" for i in range(40))
    for largest in (500, 60_000):  # the spool file, and the page, which is written last
        result = vi_ner("ingest", heap, "-o", output, largest_file=largest)
        assert result.returncode == 1 and "Cannot be written: File too large" in " ".join(result.stdout.split())
        assert {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()} == before


def test_nothing_at_all_is_an_error_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "zero.txt").touch()
    with pytest.raises(ViNerError, match="Not one article came in"):
        ingest([str(tmp_path / "zero.txt")], tmp_path / "out" / "news.jsonl")
    assert not (tmp_path / "out" / "news.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-o", "heap/x/news.jsonl"], "lies in the input"),
        (["-o", "news.txt"], "must end in .jsonl"),
        (["-o", "news.jsonl", "--set-aside", "ugly"], "Unknown flag 'ugly'"),
        (["-o", "news.jsonl", "--column", "body"], "Expected NAME=COLUMN"),
    ],
)
def test_options_that_make_no_sense(options: list[str], message: str, heap: Path) -> None:
    command = [sys.executable, "-m", "vi_ner", "ingest", "heap", *options]
    result = subprocess.run(command, cwd=heap.parent, capture_output=True, text=True, encoding="utf8", check=False)
    assert result.returncode == 1 and message in " ".join(result.stdout.split())


def test_flagged_articles_are_set_aside_by_an_option_only(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("Trời nắng.", encoding="utf8")
    (tmp_path / "long.txt").write_text(ARTICLE, encoding="utf8")
    files = [tmp_path / "short.txt", tmp_path / "long.txt"]
    assert run(*files, output=tmp_path / "all.jsonl")["all-short"]["flags"].keys() == {"short"}
    assert run(*files, output=tmp_path / "good.jsonl", set_aside=["short"]).keys() == {"good-long"}
    aside = (tmp_path / "good.ingest" / "set-aside.jsonl").read_text(encoding="utf8")
    assert json.loads(aside)["doc_id"] == "good-short"


def test_text_is_kept_to_the_letter_and_repaired_only_where_certain(tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", ARTICLE).replace("\n", "\r\n")
    (tmp_path / "nfd.txt").write_bytes(nfd.encode())
    (tmp_path / "mojibake.txt").write_text(ARTICLE.encode().decode("latin-1"), encoding="utf8")
    (tmp_path / "lost.txt").write_text(ARTICLE.replace("Vạn", "V\ufffdn"), encoding="utf8")
    rows = run(*(tmp_path / f"{name}.txt" for name in ("nfd", "mojibake", "lost")), output=tmp_path / "x.jsonl")
    assert rows["x-nfd"]["text"] == nfd and rows["x-nfd"]["decomposed"]
    assert rows["x-mojibake"]["text"] == ARTICLE and rows["x-mojibake"]["provenance"]["repaired"].startswith("ftfy")
    assert "damaged" in rows["x-lost"]["flags"] and "repaired" not in rows["x-lost"]["provenance"]


def test_text_in_a_font_of_capitals_is_in_capitals(tmp_path: Path) -> None:
    title, body = "chợ nổi vắng khách", "Ghe bán trái cây ở chợ nổi Phong Hòa chỉ còn một phần ba so với năm ngoái."
    page = f'<html><body><p><font face=".VnTimeH">{title}</font></p><p><font face=".VnTime">{body}</font></p></body>'
    (tmp_path / "a.htm").write_bytes(bytes(TCVN3.index(char) for char in page))
    (row,) = run(tmp_path / "a.htm", output=tmp_path / "x.jsonl").values()
    assert row["text"] == f"{title.upper()}\n{body}" and row["provenance"]["encoding"] == "tcvn3"
    assert "damaged" not in row["flags"]


def test_equal_names_get_ids_of_their_own(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(ARTICLE, encoding="utf8")
    rows = run(tmp_path / "one" / "a.txt", tmp_path / "two" / "a.txt", output=tmp_path / "x.jsonl")
    assert list(rows) == ["x-a", "x-a~2"]


def test_a_line_of_many_stories_is_the_sites(tmp_path: Path) -> None:
    site = "Mỗi sáng một tin lành cho người xa quê đọc báo cùng chúng tôi."
    rows = run(PAGES / "develop", output=tmp_path / "x.jsonl")
    texts = [
        "".join(row["text"][p["start"] : p["end"]] for p in row["parts"] if p["part"] == "body")
        for row in rows.values()
    ]
    (tmp_path / "many").mkdir()
    for i, text in enumerate(texts[:4]):
        lines = text.splitlines()
        (tmp_path / "many" / f"{i}.txt").write_text("\n".join([*lines[:1], site, *lines[1:]]), encoding="utf8")
    for row in run(tmp_path / "many", output=tmp_path / "y.jsonl").values():
        start = row["text"].index(site)
        assert next(p["part"] for p in row["parts"] if p["start"] <= start < p["end"]) == "furniture"


def test_the_page_shows_what_came_in_and_escapes_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"<script>alert(1)</script> {ARTICLE}", encoding="utf8")
    (tmp_path / "b.txt").write_text(SEGMENTED, encoding="utf8")
    (tmp_path / "c.txt").touch()
    run(*(tmp_path / f"{name}.txt" for name in "abc"), output=tmp_path / "x.jsonl")
    page = (tmp_path / "x.ingest" / "index.html").read_text(encoding="utf8")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert "c.txt" in page and "Empty." in page and "near-duplicates, Jaccard" in page


def test_standard_input(tmp_path: Path) -> None:
    row = json.dumps({"id": "u1", "noi_dung": BODY, "tieu_de": HEAD}, ensure_ascii=False)
    options = ["--column", "text=noi_dung", "--column", "title=tieu_de"]
    result = vi_ner("ingest", "-", "-o", tmp_path / "in.jsonl", *options, stdin=row)
    assert result.returncode == 0, result.stdout + result.stderr
    (article,) = read_articles(tmp_path / "in.jsonl")
    assert article.doc_id == "u1" and article.text == f"{HEAD}\n\n{BODY}"
    assert [part["part"] for part in article.meta["parts"]] == ["headline", "body"]
