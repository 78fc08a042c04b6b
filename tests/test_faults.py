"""What goes wrong around every command: one message that says what to do, nothing half, and the next run succeeds."""

from __future__ import annotations

import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from faults import PAGE, change, clock_set_back, far_east, memory, obey_permissions, small_disk
from world import COMMANDS, Command, Run, contents, run

from vi_ner.files import locked_folder

CONVERT, INGEST = (next(c.arguments for c in COMMANDS if c.name == name) for name in ("convert", "ingest"))
NAMES = [command.name for command in COMMANDS]
INPUTS = {
    "encoder": "tiny/config.json",
    "convert": "annotations/gold.jsonl",
    "ud-vtb": "layer.jsonl",
    "export": "annotations/gold.jsonl",
    "agreement": "versions.jsonl",
    "ingest": "heap/bài 3.txt",
    "train": "corpus/train.spacy",
    "evaluate": "corpus/test.spacy",
    "report": "corpus/test.spacy",
    "package": "metrics.json",
    "tag": "model/meta.json",
}
CHANGED = {  # for each command a file that it reads, and how often it does
    "encoder": ("tiny/tokenizer_config.json", 3),
    "convert": ("annotations/gold.jsonl", 1),
    "ud-vtb": ("layer.jsonl", 1),
    "export": ("annotations/gold.jsonl", 1),
    "agreement": ("versions.jsonl", 1),
    "ingest": ("heap/bài 3.txt", 1),
    "train": ("corpus/test.spacy", 1),
    "evaluate": ("corpus/test.spacy", 2),
    "report": ("corpus/test.spacy", 2),
    "package": ("metrics.json", 2),
    "tag": ("model/vocab/strings.json", 1),
}
Undisturbed = Callable[[Command], tuple[Run, Path]]
ODD = "cũ 'và' \"mới\" (" + "rất dài/" * 30 + ") $HOME * {0} %s"


@pytest.fixture(params=COMMANDS, ids=NAMES)
def command(request: pytest.FixtureRequest) -> Command:
    made: Command = request.param
    return made


def test_no_permission_no_memory(command: Command, world: Path) -> None:
    out = world / "out"
    out.mkdir()
    (out / "kept").touch()
    for message, prepare, mode in (
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


def test_place_time_zone_and_clock_change_nothing(
    command: Command, world: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    elsewhere = tmp_path / ODD / "world"
    shutil.copytree(world, elsewhere)
    assert len(str(elsewhere)) > 250
    ended = run(command.arguments, elsewhere, prepare=far_from_here_and_now, own_clock=True)
    assert ended.code == 0, ended.printed
    assert contents(elsewhere / "out") == contents(undisturbed(command)[1])


def far_from_here_and_now() -> None:
    far_east()
    clock_set_back()


def test_line_ends_of_windows_change_nothing(world: Path) -> None:
    assert run(CONVERT, world).code == 0
    expected = contents(world / "out")
    for path in (world / "annotations" / "gold.jsonl", world / "articles" / "news.jsonl", world / "labels.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(CONVERT, world).code == 0
    assert contents(world / "out") == expected


def test_two_runs_at_once_do_not_mix(command: Command, world: Path, undisturbed: Undisturbed) -> None:
    expected = contents(Path(shutil.copytree(undisturbed(command)[1], world / "out")))
    with ThreadPoolExecutor() as pool:
        ended = list(pool.map(lambda _: run(command.arguments, world), range(2)))
    for one in ended:
        assert one.code == 0 or "run the command again" in " ".join(one.printed.split()), one.printed
    assert 0 in [one.code for one in ended]
    assert contents(world / "out") == expected


def test_a_full_disk(command: Command, world: Path, undisturbed: Undisturbed, pytestconfig: pytest.Config) -> None:
    out = world / "out"
    expected = contents(undisturbed(command)[1])
    needed = sum(math.ceil(len(content) / PAGE) for content in expected.values())
    with small_disk(out) as disk:
        for number in range(pytestconfig.getoption("--rounds")):
            rng = random.Random(f"{command.name} {number}")
            disk.clear()  # of what training leaves
            if number % 2 == 0:
                disk.resize(files=rng.randint(1, len(expected) + 3))  # and those around them while it writes
            else:
                disk.resize(pages=rng.randint(1, max(1, needed - 1) * (1 if number % 4 == 1 else 20)))
            ended = run(command.arguments, world, prepare=disk.enter)
            printed = " ".join(ended.printed.split())
            found = {name: content for name, content in contents(disk.seen).items() if not name.startswith("unfin")}
            if ended.code == 0:
                assert number % 2 and found == expected
            else:
                assert (ended.code, "Traceback" in printed, found) == (1, False, {}), printed
                assert "No space left on device" in printed and "Make room" in printed, printed
        disk.resize()
        ended = run(command.arguments, world, prepare=disk.enter)
        assert ended.code == 0, ended.printed
        assert contents(disk.seen) == expected


def test_no_room_for_temporary_files(world: Path) -> None:
    with small_disk(world.with_name("world.tmp")) as disk:
        disk.resize(pages=1)
        ended = run(INGEST, world, prepare=disk.enter)
    assert (ended.code, "Traceback" in ended.printed) == (1, False), ended.printed
    assert "No space left on device" in ended.printed and "world.tmp" in ended.printed


def test_an_input_that_changes_meanwhile(command: Command, world: Path, undisturbed: Undisturbed) -> None:
    file, times = CHANGED[command.name]
    other = world / ("corpus/dev.spacy" if file.endswith(".spacy") else file)
    os.utime(world / file, (1, 1))
    prepare = partial(change, world / file, other.read_bytes() + b"\n" * (other == world / file), times)
    ended = run(command.arguments, world, prepare=prepare)
    assert (ended.code, "Traceback" in ended.printed) == (1, False), ended.printed
    printed = " ".join(ended.printed.split())
    assert "Changed while it was read" in printed and file.split("/")[0] in printed, printed
    if command.name != "ingest":  # which names it and goes on
        assert not [name for name in contents(world / "out") if not name.startswith("unfinished")]
    assert run(command.arguments, world).code == 0


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
