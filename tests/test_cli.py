from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import LABELS, ROOT, vi_ner

TEXT = "Bà Ngô Thị Mẫn ở Phú Thọ."
LABEL: list[list[Any]] = [[3, 14, "PER"], [17, 24, "LOC"]]


def test_convert_shows_the_account(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    rows = [
        {"doc_uid": f"d{i}", "text": f"{i:02}: {TEXT}", "label": [[s + 4, e + 4, x] for s, e, x in LABEL]}
        for i in range(9)
    ]
    path = write_jsonl("gold.jsonl", *rows)
    result = vi_ner("convert", path, "-o", tmp_path / "out", "--labels", LABELS)
    assert result.returncode == 0, result.stderr
    table = dict(line.rsplit(maxsplit=1) for line in result.stdout.splitlines() if len(line.split()) > 1)
    assert table["Gold spans in"] == "18" and table["  converted"] == "18" and table["  rejected"] == "0"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "conversion.json",
        "dev.spacy",
        "test.spacy",
        "train.spacy",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The export is empty"),
        ("{oops", "gold.jsonl, line 1: Not JSON"),
        (
            json.dumps({"id": 1, "text": TEXT, "label": [[3, 14, "NGUOI"]]}),
            "label 'NGUOI', expected one of PER",
        ),
        (json.dumps({"id": 1, "text": TEXT, "label": [[3, 99, "PER"]]}), "not a stretch of its text"),
        (json.dumps({"id": 1, "text": TEXT, "label": [*LABEL, [7, 14, "LOC"]]}), "Overlapping spans"),
        (
            json.dumps({"id": 1, "text": "😀" + TEXT, "label": [[5, 16, "PER"]]}),
            "does not say what its offsets count",
        ),
    ],
)
def test_a_users_mistake_ends_with_one_message_and_code_1(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "gold.jsonl").write_text(content, encoding="utf8")
    result = vi_ner("convert", tmp_path / "gold.jsonl", "-o", tmp_path / "out", "--labels", LABELS)
    assert result.returncode == 1
    assert message in " ".join(result.stdout.split())
    assert "Traceback" not in result.stdout + result.stderr
    assert not (tmp_path / "out").exists()


def test_a_disk_that_refuses_leaves_everything_as_it_was(write_jsonl: Callable[..., Path], tmp_path: Path) -> None:
    def rows(count: int) -> list[dict[str, Any]]:
        return [
            {"doc_uid": f"d{i}", "text": f"{TEXT} {i * 7919}", "label": LABEL, "group": f"g{i}"} for i in range(count)
        ]

    out = tmp_path / "out"
    assert vi_ner("convert", write_jsonl("a.jsonl", *rows(9)), "-o", out, "--labels", LABELS).returncode == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    # Room for the small sides, not for the train side that comes first nor for the account that comes last.
    for largest in (500, max(len(content) for content in before.values())):
        result = vi_ner(
            "convert", write_jsonl("b.jsonl", *rows(300)), "-o", out, "--labels", LABELS, largest_file=largest
        )
        assert result.returncode == 1 and "Cannot be written: File too large" in result.stdout
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_missing_encoder_source(tmp_path: Path) -> None:
    result = vi_ner("encoder", tmp_path / "encoder", "--source", tmp_path / "nowhere")
    assert result.returncode == 1
    assert "No encoder could be loaded from there" in result.stdout and not (tmp_path / "encoder").exists()


def test_tag_writes_rows_and_keeps_the_old_file_on_a_mistake(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "tagged.jsonl"
    assert vi_ner("tag", model, "-", "-o", out, stdin=TEXT.replace("Phú Thọ", "Huế")).returncode == 0
    (row,) = map(json.loads, out.read_text(encoding="utf8").splitlines())
    assert row["entities"] == [{"start": 17, "end": 20, "label": "LOC", "text": "Huế"}]
    before = out.read_bytes()
    result = vi_ner("tag", model, tmp_path / "none.txt", "-o", out)
    assert result.returncode == 1 and "No such file or folder" in result.stdout
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "tagged.jsonl"]


def test_check_annotations_of_the_corpus() -> None:
    result = vi_ner("check-annotations", ROOT / "annotations" / "articles", "--show", 3)
    assert result.returncode == 0, result.stdout
    assert "A rule is broken: 0" in result.stdout


def test_check_annotations_fails_on_a_broken_rule(write_jsonl: Callable[..., Path]) -> None:
    result = vi_ner("check-annotations", write_jsonl("gold.jsonl", {"id": 1, "text": TEXT, "label": [[17, 25, "LOC"]]}))
    assert result.returncode == 0  # a full stop may belong to an abbreviation
    result = vi_ner("check-annotations", write_jsonl("gold.jsonl", {"id": 1, "text": TEXT, "label": [[2, 14, "PER"]]}))
    assert result.returncode == 1 and "1 spans break a rule" in result.stdout


def test_help_names_every_command() -> None:
    result = vi_ner("--help")
    for command in (
        "encoder",
        "convert",
        "ud-vtb",
        "check-annotations",
        "debug-data",
        "evaluate",
        "package",
        "tag",
    ):
        assert command in result.stdout


@pytest.mark.parametrize(("package", "extra"), [("pyvi", "phobert"), ("numpy", None)])
def test_a_package_of_an_extra_is_named_when_it_is_missing(
    package: str, extra: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    entry = importlib.import_module("vi_ner.cli.app")  # `vi_ner.cli.app` is the Typer application
    monkeypatch.setattr(entry, "app", command)
    with pytest.raises(SystemExit if extra else ModuleNotFoundError):
        entry.main()
    assert (f"vi-ner[{extra}]" in "".join(capsys.readouterr())) == bool(extra)
