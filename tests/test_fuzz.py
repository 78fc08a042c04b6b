"""Readers against random bytes (atheris), and every input that once broke one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.readers import READERS

HERE = Path(__file__).parent / "fuzz"
KNOWN = sorted(path for folder in ("corpus", "found") for path in (HERE / folder).glob("*/*"))


@pytest.mark.parametrize("path", KNOWN, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_known_inputs(path: Path) -> None:
    READERS[path.parent.name](path.read_bytes())


def test_random_bytes_bring_nothing_but_our_own_errors(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    seconds = pytestconfig.getoption("--fuzz-seconds")
    command = [sys.executable, str(HERE / "run.py"), str(seconds), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf8", errors="replace", check=False)
    assert result.returncode == 0, f"{[path.name for path in tmp_path.iterdir()]}\n{result.stderr[-6000:]}"
    runs = [int(count) for count in re.findall(r"number_of_executed_units: (\d+)", result.stdout + result.stderr)]
    assert len(runs) == len(READERS) and min(runs) > 10, runs
