from __future__ import annotations

from pathlib import Path

import pytest

from vi_ner.errors import ViNerError
from vi_ner.files import replacing_file, replacing_folder


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
        with replacing_folder(target) as path:
            (path / name).touch()
    assert [found.name for found in target.iterdir()] == ["second"]
    with pytest.raises(KeyError), replacing_folder(target) as path:
        (path / "third").touch()
        raise KeyError
    assert [found.name for found in target.iterdir()] == ["second"]
    assert list(tmp_path.iterdir()) == [target]


def test_what_the_disk_says_becomes_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ViNerError, match=r"Cannot be written: .*nothing was changed"),
        replacing_file(tmp_path / "file" / "x"),
    ):
        pass  # pragma: no cover
