"""What goes wrong around every command: one message that says what to do, nothing half, and the next run succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from world import COMMANDS, Command, contents, far_east, largest_file, memory, obey_permissions, run

NAMES = [command.name for command in COMMANDS]
INPUTS = {
    "encoder": "tiny/config.json",
    "convert": "annotations/gold.jsonl",
    "ud-vtb": "layer.jsonl",
    "ingest": "heap/bài 3.txt",
    "train": "corpus/train.spacy",
    "evaluate": "corpus/test.spacy",
    "report": "corpus/test.spacy",
    "package": "metrics.json",
    "tag": "model/meta.json",
}
ODD = "cũ 'và' \"mới\" (" + "rất dài/" * 30 + ") $HOME * {0} %s"


@pytest.fixture(params=COMMANDS, ids=NAMES)
def command(request: pytest.FixtureRequest) -> Command:
    made: Command = request.param
    return made


def test_no_room_no_permission_no_memory(command: Command, world: Path) -> None:
    out = world / "out"
    out.mkdir()
    (out / "kept").touch()
    for message, prepare, mode in (
        ("Make room", partial(largest_file, 40), 0o755),
        ("give permission", obey_permissions, 0o555),
        ("memory", partial(memory, 1 << 18), 0o755),
    ):
        out.chmod(mode)
        ended = run(command.arguments, world, prepare=prepare)
        out.chmod(0o755)
        assert (ended.code, "Traceback" in ended.printed) == (1, False), ended.printed
        assert message in " ".join(ended.printed.replace("allocate memory", "memory").split())
        assert [name for name in contents(out) if not name.startswith("unfinished")] == ["kept"]
    assert run(command.arguments, world).code == 0


def test_what_may_not_be_read_is_named(command: Command, world: Path) -> None:
    path = world / INPUTS[command.name]
    path.chmod(0)
    ended = run(command.arguments, world, prepare=obey_permissions)
    assert ended.code in (1, 2) and "Traceback" not in ended.printed, ended.printed
    assert path.name in ended.printed and ("Permission denied" in ended.printed or "not readable" in ended.printed)


def test_place_time_zone_and_clock_change_nothing(command: Command, world: Path, tmp_path: Path) -> None:
    assert run(command.arguments, world).code == 0
    elsewhere = tmp_path / ODD / "world"
    shutil.copytree(world, elsewhere, ignore=shutil.ignore_patterns("out"))
    assert len(str(elsewhere)) > 250
    for path in elsewhere.rglob("*"):  # as if the clock had been set back since
        os.utime(path, (4e9, 4e9))
    ended = run(command.arguments, elsewhere, prepare=far_east)
    assert ended.code == 0, ended.printed
    assert contents(elsewhere / "out") == contents(world / "out")
