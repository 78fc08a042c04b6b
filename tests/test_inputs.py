from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vi_ner.conll import read_conll
from vi_ner.errors import ViNerError
from vi_ner.ingest.sources import Piece, Problem, read_pieces
from vi_ner.inputs import unchanged
from vi_ner.shards import make_plan
from vi_ner.tag import read_texts
from vi_ner.treebank import read_sentences

ROWS = [{"doc_id": f"d{number}", "text": f"Chị Mẫn ở Huế, {number}."} for number in range(3000)]


def rewritten(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace("Huế".encode(), "Lào".encode().ljust(5)))


def cut(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) // 2]))  # between two rows: what is left can be read


def appended(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(path.read_bytes().splitlines(keepends=True)[-1])


def replaced(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    stat = path.stat()
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)


def treebank(path: Path) -> Iterator[Any]:
    path.rename(path.with_name("vi_vtb-ud-dev.conllu"))
    path.symlink_to(path.with_name("vi_vtb-ud-dev.conllu"))
    return read_sentences(path.parent, "dev")


@pytest.mark.parametrize("change", [rewritten, cut, appended, replaced])
@pytest.mark.parametrize("read", [lambda path: read_texts([str(path)]), treebank])
def test_what_changes_between_two_rows_is_noticed(
    read: Callable[[Path], Iterator[Any]], change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in ROWS]
    if read is treebank:
        lines = [f"# sent_id = {row['doc_id']}\n# text = {row['text']}\n" for row in ROWS]
    path.write_text("\n".join(lines), encoding="utf8")
    os.utime(path, (1, 1))  # the kernel's time of a change goes by steps of milliseconds
    rows = read(path)
    next(rows)
    change(path.resolve())
    with pytest.raises(ViNerError, match=r"Changed while it was read\. Wait until nothing writes it"):
        list(rows)


@pytest.mark.parametrize("change", [rewritten, cut, appended, replaced])
def test_ingest_names_what_changes_and_goes_on(change: Callable[[Path], None], tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
        (tmp_path / name).write_text(content, encoding="utf8")
        os.utime(tmp_path / name, (1, 1))
    pieces = read_pieces([str(tmp_path)], columns={})
    next(pieces)
    change(tmp_path / "a.jsonl")
    rest = list(pieces)
    assert [piece.reason for piece in rest if isinstance(piece, Problem)] == ["Changed while it was read."]
    assert sum(isinstance(piece, Piece) and "/b.jsonl" in piece.name for piece in rest) == len(ROWS)


def test_a_folder_is_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a").touch()
    with pytest.raises(ViNerError, match="model: Changed"), unchanged(folder):
        (folder / "b").touch()
    with pytest.raises(ViNerError, match="model: Changed") as caught, unchanged(folder):
        (folder / "a").unlink()
        raise ValueError("a is missing")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ValueError, match="of its own"), unchanged(folder, tmp_path / "none"):
        raise ValueError("of its own")


def test_a_half_written_conll_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Huế\tB-LOC\n\n" * 3000, encoding="utf8")
    real = Path.open

    def open_and_cut(self: Path, *args: Any, **options: Any) -> Any:
        stream = real(self, *args, **options)
        if self == path:
            os.truncate(path, 1200)
        return stream

    monkeypatch.setattr(Path, "open", open_and_cut)
    with pytest.raises(ViNerError, match="Changed while it was read"):
        read_conll(path)


@pytest.mark.parametrize("changed", ["model/weights", "a.jsonl"])
def test_a_job_goes_on_with_the_same_input_and_pipeline_alone(changed: str, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    for name in ("model/weights", "a.jsonl"):
        (tmp_path / name).write_text('{"text": "Huế"}\n', encoding="utf8")
        os.utime(tmp_path / name, (1, 1))
    job: dict[str, Any] = {
        "inputs": [str(tmp_path / "a.jsonl")],
        "output": tmp_path / "out",
        "model": str(tmp_path / "model"),
    }
    assert make_plan(**job) == make_plan(**job)
    (tmp_path / changed).write_text('{"text": "Sài"}\n', encoding="utf8")
    with pytest.raises(ViNerError, match="inputs that have changed, or another pipeline"):
        make_plan(**job)
