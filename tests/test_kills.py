"""Every command, killed at random moments: no half file is taken for a whole one, and the next run makes it good.

`make nightly` kills each command a hundred times.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from world import COMMANDS, Command, Run, contents, run

OLD = b"old "


@pytest.fixture(params=COMMANDS, ids=lambda command: command.name)
def command(request: pytest.FixtureRequest) -> Command:
    made: Command = request.param
    return made


def visible(found: dict[str, bytes]) -> dict[str, bytes]:
    """Without what says by its name that it is not complete."""
    return {name: content for name, content in found.items() if not name.startswith((".", "unfinished"))}


def check_whole(found: dict[str, bytes], expected: dict[str, bytes]) -> None:
    """Each file is the old or the new one; a folder, and files that belong together, are all old or all new."""
    versions: dict[str, dict[str, bool]] = defaultdict(dict)
    for name, content in visible(found).items():
        assert content in (expected[name], OLD + expected[name]), f"{name} is neither old nor new"
        versions[name.rpartition("/")[0].split("/")[0]][name] = content != expected[name]
    for folder, of_files in versions.items():
        assert len(set(of_files.values())) == 1, f"old beside new: {of_files}"
        if folder:
            assert set(of_files) == {name for name in expected if name.startswith(f"{folder}/")}


def test_a_killed_command_leaves_nothing_half(
    command: Command, world: Path, undisturbed: Callable[[Command], tuple[Run, Path]], pytestconfig: pytest.Config
) -> None:
    out = world / "out"
    usual, folder = undisturbed(command)
    expected = contents(folder)
    killed = 0
    for number in range(pytestconfig.getoption("--rounds")):
        rng = random.Random(f"{command.name} {number}")
        shutil.rmtree(out, ignore_errors=True)
        if number % 4 < 2:  # over the results of an earlier run
            for name, content in expected.items():
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).write_bytes(OLD + content)
        at = rng.randint(1, usual.operations) if number % 2 == 0 else None
        after = None if at else rng.uniform(0, usual.seconds)
        ended = run(command.arguments, world, kill_at=at, kill_after=after)
        killed += ended.code == -signal.SIGKILL
        check_whole(contents(out) if out.exists() else {}, expected)
        again = run(command.arguments, world)
        assert again.code == 0, again.printed
        assert contents(out) == expected, f"{command.name} killed at {at} or after {after}"
    assert killed
