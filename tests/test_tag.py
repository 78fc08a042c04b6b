from __future__ import annotations

import io
import json
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language

from vi_ner.errors import ViNerError
from vi_ner.tag import load_pipeline, read_texts, tag


def test_files_folders_and_standard_input(
    tmp_path: Path, write_jsonl: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_jsonl("rows.jsonl", {"doc_uid": "r1", "text": "Một", "genre": "wire"}, {"text": "Hai"})
    (tmp_path / "a.txt").write_text("Ba", encoding="utf8")
    (tmp_path / "ignored.csv").touch()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Bốn".encode())))
    rows = [(row.doc_id, row.text, row.meta) for row in read_texts([str(tmp_path), "-"])]
    assert rows == [
        ("a", "Ba", {}),
        ("r1", "Một", {"genre": "wire"}),
        ("rows-2", "Hai", {}),
        ("stdin", "Bốn", {}),
    ]


@pytest.mark.parametrize(
    "text", ["Ở Huế\r\nvà Huế .", "\ufeffHuế 😀 Huế", unicodedata.normalize("NFD", "Bà Lý") + " Huế"]
)
def test_offsets_slice_the_file_as_it_came(finds_hue: Language, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(text.encode("utf8"))
    (row,) = tag(finds_hue, read_texts([str(tmp_path / "a.txt")]))
    assert row["text"] == text and row["entities"]
    for entity in row["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"] == "Huế"
        assert list(entity) == ["start", "end", "label", "text"]


def test_rows_keep_their_metadata_and_order(finds_hue: Language, write_jsonl: Callable[..., Path]) -> None:
    path = write_jsonl("rows.jsonl", *({"doc_id": i, "text": "Huế " * i, "source": f"báo {i}"} for i in range(5)))
    rows = list(tag(finds_hue, read_texts([str(path)])))
    assert [(row["doc_id"], row["source"], len(row["entities"])) for row in rows] == [
        (str(i), f"báo {i}", i) for i in range(5)
    ]
    assert json.dumps(rows)


def test_bad_input_is_named(tmp_path: Path, write_jsonl: Callable[..., Path]) -> None:
    (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xe9")
    (tmp_path / "empty").mkdir()
    for path, message in [
        (tmp_path / "none.txt", "No such file"),
        (tmp_path / "latin.txt", "Not UTF-8"),
        (tmp_path / "empty", "No .txt or .jsonl file"),
        (write_jsonl("rows.jsonl", {"id": 1}), "line 1: No `text`"),
    ]:
        with pytest.raises(ViNerError, match=message):
            list(read_texts([str(path)]))


def test_missing_pipeline_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ViNerError, match="spacy project run all"):
        load_pipeline(str(tmp_path / "none"))
