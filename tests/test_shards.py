from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import srsly
from spacy.language import Language
from spacy.tokens import Doc

from vi_ner import shards
from vi_ner.errors import ViNerError
from vi_ner.shards import check_complete, make_plan, read_part, result_file, set_aside_file, tag_part
from vi_ner.tag import read_texts, tag

ROWS: list[dict[str, Any]] = [
    {"doc_id": f"d{i}", "text": "Về Huế. " * (i % 7 + 1), "source": f"báo {i % 3}"} for i in range(40)
]


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n\n" for row in rows), encoding="utf8")
    return path


def results(output: Path) -> list[dict[str, Any]]:
    rows = [row for file in sorted((output / "parts").iterdir()) for row in pq.read_table(file).to_pylist()]
    return [{"doc_id": row["doc_id"], **json.loads(row.pop("meta")), **row} for row in rows]


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Two JSONL files, the second without ids, and a Parquet file of three row groups."""
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.jsonl", ROWS[:15])
    write(folder / "b.jsonl", [{"text": row["text"]} for row in ROWS[15:20]])
    pq.write_table(pa.Table.from_pylist(ROWS[20:]), folder / "c.parquet", row_group_size=8)
    return folder


def test_parts_together_are_the_single_process(finds_hue: Language, collection: Path, tmp_path: Path) -> None:
    parts = make_plan([str(collection)], tmp_path / "out", model="m", part_bytes=300)
    assert len(parts) > 6 and sum(part.rows for part in parts) == 40
    for part in reversed(parts):
        tag_part(finds_hue, part, tmp_path / "out")
    assert check_complete(parts, tmp_path / "out") == (40, 0)
    jsonl = [str(collection / "a.jsonl"), str(collection / "b.jsonl")]
    expected = list(tag(finds_hue, read_texts(jsonl)))
    assert results(tmp_path / "out")[:20] == expected
    assert [(row["doc_id"], len(row["entities"])) for row in results(tmp_path / "out")[20:]] == [
        (f"d{i}", i % 7 + 1) for i in range(20, 40)
    ]


def test_a_plan_stands_and_is_not_mistaken_for_another(collection: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    parts = make_plan([str(collection)], output, model="m", part_bytes=300)
    assert make_plan([str(collection)], output, model="m", part_bytes=5000) == parts
    with pytest.raises(ViNerError, match="another pipeline"):
        make_plan([str(collection)], output, model="other")
    write(collection / "a.jsonl", ROWS[:2])
    with pytest.raises(ViNerError, match="inputs that have changed"):
        make_plan([str(collection)], output, model="m")
    with pytest.raises(ViNerError, match="Holds something, but no job"):
        make_plan([str(collection)], collection, model="m")
    with pytest.raises(ViNerError, match=r"No \.jsonl or \.parquet"):
        make_plan([str(tmp_path / "none")], output, model="m")


def test_bad_rows_are_set_aside_with_the_reason(finds_hue: Language, tmp_path: Path) -> None:
    def fail(doc: Doc) -> Doc:
        if "hỏng" in doc.text:
            raise ValueError("gãy giữa chừng")
        return doc

    Language.component("vi_ner_tests_fail", func=fail)
    finds_hue.add_pipe("vi_ner_tests_fail")
    finds_hue.max_length = 100
    path = tmp_path / "in.jsonl"
    lines = ["{", "[]", '{"text": 3}', '{"text": "\\ud800"}', '{"text": "hỏng"}', json.dumps({"text": "Huế " * 99})]
    path.write_bytes("\n".join(['{"text": "Huế"}', *lines, '{"text": "Về Huế"}']).encode() + b'\n{"text": "\xff"}')
    (part,) = make_plan([str(path)], tmp_path / "out", model="m")
    tag_part(finds_hue, part, tmp_path / "out")
    assert [row["text"] for row in results(tmp_path / "out")] == ["Huế", "Về Huế"]
    bad = list(srsly.read_jsonl(set_aside_file(part, tmp_path / "out")))
    assert len(bad) == 7 and check_complete([part], tmp_path / "out") == (2, 7)
    reasons = " | ".join(row["reason"] for row in bad)
    for reason in (
        "JSONDecodeError",
        "no `text`",
        "surrogates not allowed",
        "gãy giữa chừng",
        "100 are the most",
        "utf-8",
    ):
        assert reason in reasons
    assert bad[0]["where"] == f"{path}, row 2" and bad[0]["row"] == "{"


def test_broken_off_in_the_middle_leaves_no_part(
    finds_hue: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "ROWS_AT_A_TIME", 4)
    (part,) = make_plan([str(write(tmp_path / "in.jsonl", ROWS))], tmp_path / "out", model="m")
    calls: Iterator[None] = iter([None, None])
    pipe = finds_hue.pipe

    def killed(*args: Any, **kwargs: Any) -> Any:
        if next(calls, "end") == "end":
            raise KeyboardInterrupt
        return pipe(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(finds_hue, "pipe", killed)
        with pytest.raises(KeyboardInterrupt):
            tag_part(finds_hue, part, tmp_path / "out")
    assert list((tmp_path / "out" / "parts").iterdir()) == []
    with pytest.raises(ViNerError, match="has no results"):
        check_complete([part], tmp_path / "out")
    tag_part(finds_hue, part, tmp_path / "out")
    assert [row["doc_id"] for row in results(tmp_path / "out")] == [row["doc_id"] for row in ROWS]
    pq.write_table(pq.read_table(result_file(part, tmp_path / "out")).slice(1), result_file(part, tmp_path / "out"))
    with pytest.raises(ViNerError, match="39 documents and 0 set aside, expected 40"):
        check_complete([part], tmp_path / "out")


def test_rows_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    parts = make_plan([str(write(tmp_path / "in.jsonl", ROWS))], tmp_path / "out", model="m", part_bytes=200)
    assert [row.doc_id for part in parts for row in read_part(part, [])] == [row["doc_id"] for row in ROWS]
