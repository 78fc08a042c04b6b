from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from vi_ner.errors import ViNerError
from vi_ner.files import disk_errors, replacing_file, replacing_files, replacing_folder


def test_a_file_appears_only_when_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with replacing_file(target) as path:
        path.write_text("whole", encoding="utf8")
        assert not target.exists()
    assert target.read_text(encoding="utf8") == "whole"
    assert [found.name for found in target.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.write_text("old", encoding="utf8")
    with pytest.raises(KeyError), replacing_file(target) as path:
        path.write_text("half", encoding="utf8")
        raise KeyError
    assert target.read_text(encoding="utf8") == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for name in ("first", "second"):
        with replacing_folder(target, marker="made") as path:
            (path / name).touch()
            (path / "made").touch()
    assert sorted(found.name for found in target.iterdir()) == ["made", "second"]
    with pytest.raises(KeyError), replacing_folder(target, marker="made") as path:
        (path / "third").touch()
        raise KeyError
    assert sorted(found.name for found in target.iterdir()) == ["made", "second"]
    assert list(tmp_path.iterdir()) == [target]


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ViNerError, match="not made by this command"), replacing_folder(tmp_path, marker="made"):
        pass
    assert [found.name for found in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_device_or_folder_is_no_output_file(tmp_path: Path) -> None:
    for target in (Path("/dev/null"), tmp_path):
        with pytest.raises(ViNerError, match="Not a file that could be replaced"), replacing_file(target):
            pass


def test_another_files_trouble_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing_file(tmp_path / "out"):
        Path("/nowhere/at/all").read_text(encoding="utf8")


def test_what_the_disk_says_becomes_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ViNerError, match=r"Cannot be written: .*Make room"),
        replacing_file(tmp_path / "file" / "x"),
    ):
        pass  # pragma: no cover


def test_files_that_belong_together_change_together(tmp_path: Path) -> None:
    targets = [tmp_path / name for name in ("a", "b")]
    for content in ("old", "new"):
        with replacing_files(*targets) as paths:
            for path in paths:
                path.write_text(content, encoding="utf8")
    assert [path.read_text(encoding="utf8") for path in targets] == ["new", "new"]
    with pytest.raises(KeyError), replacing_files(*targets) as paths:
        paths[0].write_text("newer", encoding="utf8")
        raise KeyError
    assert [path.read_text(encoding="utf8") for path in targets] == ["new", "new"]
    assert sorted(tmp_path.iterdir()) == targets


def test_a_second_run_is_refused_while_the_first_writes(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    with replacing_file(target) as path:
        path.write_text("first", encoding="utf8")
        with pytest.raises(ViNerError, match=r"Another run is writing .*run the command again"), replacing_file(target):
            pass  # pragma: no cover
    assert target.read_text(encoding="utf8") == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_run_gives_back_the_folder_that_it_had_moved_away(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    old = tmp_path / ".folder.partial" / "old" / "folder"
    new = tmp_path / ".folder.partial" / "new" / "folder"
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "made").touch()
    with pytest.raises(KeyError), replacing_folder(target, marker="made"):
        raise KeyError
    assert list(tmp_path.rglob("*")) == [target, target / "made"]


def test_a_refusal_under_a_relative_name_is_this_files_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ViNerError, match="Make room"), disk_errors(tmp_path / "out" / "log.jsonl"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "out/log.jsonl")
    with pytest.raises(OSError, match="elsewhere"), disk_errors(tmp_path / "out" / "log.jsonl"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "elsewhere/log.jsonl")
