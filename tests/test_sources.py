from __future__ import annotations

import bz2
import csv
import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from vi_ner.ingest.sources import Piece, Problem, read_pieces

TEXT = "Chợ nổi Phong Hòa vắng khách, ghe bán trái cây chỉ còn một phần ba so với năm ngoái."


def read(*inputs: object, limit: int = 1_000_000, **columns: str) -> list[Piece | Problem]:
    return list(read_pieces([str(given) for given in inputs], columns=columns, limit=limit))


def names(found: list[Piece | Problem]) -> list[tuple[str, str]]:
    return [(piece.name, piece.reason if isinstance(piece, Problem) else piece.kind) for piece in found]


def test_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in ("b/2.txt", "b/1.html", "a.txt", ".hidden/x.txt", "b/1_files/logo.png", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(TEXT, encoding="utf8")
    (root / "loop").symlink_to(root)
    found = read(root)
    assert [name for name, _ in names(found)] == [
        "in/README.md",
        "in/a.txt",
        "in/b/1.html",
        "in/b/2.txt",
        "in/b/1_files/logo.png",
    ]
    assert [piece.passed_over for piece in found if isinstance(piece, Problem)] == [True, True]
    assert [piece.stem for piece in found if isinstance(piece, Piece)] == ["a", "b/1", "b/2"]
    assert names(read(root / "README.md")) == [("README.md", "text")]  # whoever names it means it


def test_archives_are_read_where_they_are(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../up.txt", TEXT)
        archive.writestr("bomb.txt", "a" * 5_000_000)
        archive.writestr("inner.zip", b"PK")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        for name, kind in (("dir/a.txt", tarfile.REGTYPE), ("link", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.size, info.mtime = kind, len(TEXT.encode()) if kind == tarfile.REGTYPE else 0, 1_700_000_000
            tar.addfile(info, io.BytesIO(TEXT.encode()))
    (tmp_path / "g.txt.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "c.txt.bz2").write_bytes(bz2.compress(TEXT.encode())[:-9])
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no")
    found = dict(names(read(tmp_path)))
    folder = tmp_path.name
    assert (
        found[f"{folder}/z.zip/../up.txt"]
        == found[f"{folder}/t.tar.gz/dir/a.txt"]
        == found[f"{folder}/g.txt"]
        == "text"
    )
    assert found[f"{folder}/z.zip/bomb.txt"].startswith("Larger than 1 MB")
    assert found[f"{folder}/z.zip/inner.zip"].startswith("An archive in an archive")
    assert found[f"{folder}/t.tar.gz/link"].startswith("Not a file")
    assert found[f"{folder}/bad.zip"].startswith("Cannot be read") and found[f"{folder}/c.txt.bz2"].startswith("Cannot")
    assert not (tmp_path.parent / "up.txt").exists()
    (piece,) = [piece for piece in read(tmp_path / "t.tar.gz") if isinstance(piece, Piece)]
    assert piece.modified == "2023-11-14T22:13:20+00:00" and piece.data == TEXT.encode() and len(piece.sha256) == 64


@pytest.mark.parametrize("kind", ["jsonl", "csv", "csv-utf16", "tsv", "parquet", "json"])
def test_tables_give_the_same_rows(kind: str, tmp_path: Path) -> None:
    import json

    rows = [{"ma": f"n{i}", "noi_dung": f"{TEXT} {i}\nDòng hai", "title": "Chợ", "topic": "đời sống"} for i in range(3)]
    path = tmp_path / f"rows.{kind.partition('-')[0]}"
    if kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif kind in ("jsonl", "json"):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines) if kind == "jsonl" else f"[{','.join(lines)}]", encoding="utf8")
    else:
        encoding = "utf-16" if "16" in kind else "utf-8-sig"
        with path.open("w", encoding=encoding, newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), delimiter="\t" if kind == "tsv" else ";")
            writer.writeheader()
            writer.writerows(rows)
    found = read(path, text="noi_dung", id="ma")
    assert [piece.row for piece in found if isinstance(piece, Piece)] == [
        {"id": row["ma"], "text": row["noi_dung"], "title": "Chợ", "topic": "đời sống"} for row in rows
    ]
    (missing, *_) = read(path)
    assert isinstance(missing, Problem) and "Columns found: ma, noi_dung, title, topic" in missing.reason


def test_a_row_too_large_does_not_stop_the_next(tmp_path: Path) -> None:
    rows = ['{"text": "ngắn"}', '{"text": "%s"}' % ("dài " * 400_000), '{"text": "sau"}', "[1]", '{"text": 5}']
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf8")
    first, large, after, no_object, no_text = read(tmp_path / "rows.jsonl")
    assert isinstance(first, Piece) and isinstance(after, Piece) and after.row["text"] == "sau"
    assert isinstance(large, Problem) and large.name == "rows.jsonl, row 2" and "Larger than 1 MB" in large.reason
    assert isinstance(no_object, Problem) and "list" in no_object.reason
    assert isinstance(no_text, Problem) and "No text" in no_text.reason


@pytest.mark.parametrize(
    ("name", "data"), [("a.parquet", b"PAR1 no"), ("a.csv", b""), ("a.json", b"[1,"), ("a.csv", b"a\0b\n")]
)
def test_tables_that_are_none(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    (problem,) = read(tmp_path / name)
    assert isinstance(problem, Problem) and "Not a readable" in problem.reason
