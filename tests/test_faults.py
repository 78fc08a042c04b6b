"""What goes wrong around every command: one message that says what to do, nothing half, and the next run succeeds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from world import COMMANDS, Command, contents, far_east, largest_file, memory, obey_permissions, run

from vi_ner.files import locked_folder

CONVERT = COMMANDS[1].arguments
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
    printed = " ".join(ended.printed.split())
    assert path.name in printed and ("Permission denied" in printed or "not readable" in printed)


def test_place_time_zone_and_clock_change_nothing(command: Command, world: Path, tmp_path: Path) -> None:
    assert run(command.arguments, world).code == 0
    elsewhere = tmp_path / ODD / "world"
    shutil.copytree(world, elsewhere, ignore=shutil.ignore_patterns("out"))
    assert len(str(elsewhere)) > 250
    for path in elsewhere.glob("[!h]*/**/*"):  # as if the clock had been set back since; ingest keeps a file's date
        os.utime(path, (4e9, 4e9))
    ended = run(command.arguments, elsewhere, prepare=far_east)
    assert ended.code == 0, ended.printed
    assert contents(elsewhere / "out") == contents(world / "out")


def test_line_ends_of_windows_change_nothing(world: Path) -> None:
    assert run(CONVERT, world).code == 0
    expected = contents(world / "out")
    for path in (world / "annotations" / "gold.jsonl", world / "articles" / "news.jsonl", world / "labels.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(CONVERT, world).code == 0
    assert contents(world / "out") == expected


def test_two_runs_at_once_do_not_mix(command: Command, world: Path) -> None:
    assert run(command.arguments, world).code == 0
    expected = contents(world / "out")
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda _: run(command.arguments, world), range(2)))
    for one in ended:
        assert one.code == 0 or "run the command again" in " ".join(one.printed.split()), one.printed
    assert 0 in [one.code for one in ended]
    assert contents(world / "out") == expected


@pytest.mark.parametrize("name", ["train", "tag", "package"])
def test_a_second_run_is_told_to_wait(name: str, world: Path) -> None:
    (command,) = (command for command in COMMANDS if command.name == name)
    partial_names = {"train": "unfinished", "tag": ".tagged.jsonl.partial", "package": ".package.partial"}
    with locked_folder(world / "out" / partial_names[name]):
        ended = run(command.arguments, world)
    assert ended.code == 1
    assert "Another run is writing this" in " ".join(ended.printed.split())


def test_a_terminal_without_vietnamese_letters(world: Path) -> None:
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    shutil.copy(world / "annotations" / "gold.jsonl", world / "vàng.jsonl")
    command = [sys.executable, "-m", "vi_ner", "check-annotations", "vàng.jsonl", "--offset-unit", "codepoint"]
    result = subprocess.run(command, cwd=world, env=env, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert b"No rule is broken" in result.stdout


@pytest.mark.parametrize("damage", ["cut", "swapped"])
def test_a_damaged_pipeline_is_refused(damage: str, world: Path, tiny_pipeline: Path) -> None:
    shutil.copytree(tiny_pipeline, world / "broken")
    path = world / "broken" / "transformer" / "model"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else content.replace(b"weight", b"wait!!"))
    ended = run("tag broken heap -o tagged.jsonl", world)
    assert (ended.code, "Traceback" in ended.printed) == (1, False), ended.printed
    assert "Not a whole pipeline" in ended.printed and not (world / "tagged.jsonl").exists()
