"""The environments of Doccano's server and client, whose pins cannot live beside spaCy's: built on first use."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from .errors import ViNerError

FILES = Path(__file__).parent / "environments"
MARKER = "built-from"


def environment(name: str, *, root: Path, building: Callable[[str], None] = lambda name: None) -> Path:
    """The Python of `root/.venv-<name>`, which holds exactly what `environments/<name>.txt` lists.

    building: Called with the name before a build, which takes up to a minute. A build that was broken off, or made
        from another lock file, is replaced.
    RAISES (ViNerError): pip cannot install the packages.
    """
    lock = FILES / f"{name}.txt"
    folder = root.resolve() / f".venv-{name}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    state = f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {sys.version_info.major}.{sys.version_info.minor}"
    with FileLock(folder.with_name(f"{folder.name}.lock")):  # a second run waits for the first one's build
        if not _is_built(folder, state):
            building(name)
            _build(folder, python, lock)
            (folder / MARKER).write_text(state, encoding="utf8")
    return python


def _is_built(folder: Path, state: str) -> bool:
    marker = folder / MARKER
    return marker.is_file() and marker.read_text(encoding="utf8") == state


def _build(folder: Path, python: Path, lock: Path) -> None:
    """RAISES (ViNerError): pip cannot install the packages."""
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-compile",
    ]
    result = subprocess.run([*command, "-r", str(lock)], capture_output=True, text=True, encoding="utf8", check=False)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise ViNerError(
            f"The environment for Doccano could not be built: {reason}",
            where=str(folder),
            fix="Check that a package index can be reached, then run the command again.",
        )
